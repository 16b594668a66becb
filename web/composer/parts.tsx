import { useTranslation } from 'react-i18next';
import { useTell } from '../parts/toast.tsx';
import { type Part, putBack } from './content.ts';
import { Counter } from './counter.tsx';
import { TextEditor } from './editor.tsx';
import { Box, type FieldsProps } from './fields.tsx';
import { MediaField } from './media.tsx';
import { withFiles } from './media-queries.ts';
import { RemarkList } from './remark-list.tsx';
import { remarksAt } from './remarks.ts';

interface Props extends FieldsProps {
  parts: readonly Part[];
  owners: readonly string[];
  change(update: (parts: Part[]) => Part[]): void;
}

/** Further parts of the post, published one after the other. */
export function Thread({
  edit,
  parts,
  owners,
  change,
  tab,
  chosen,
  media,
  uploads,
  preview,
  isOld,
  remarks,
}: Props) {
  const { t } = useTranslation('composer');
  const tell = useTell();
  return parts.map((part, index) => {
    const n = index + 2;
    const at = (field: string) => remarksAt(remarks, { tab, owners, part: index + 1, field });
    const set = (more: Partial<Part>) =>
      change((all) => all.map((one, at) => (at === index ? { ...one, ...more } : one)));
    const place = { tab, owners, part: index + 1 };
    const wrong = at('text');
    return (
      <div key={`${tab} ${index}`} className="border-l-2 border-line pl-3">
        <Box
          title={t('parts.nth', { n })}
          remove={t('parts.remove')}
          onRemove={() => {
            change((all) => all.toSpliced(index, 1));
            tell({ text: t('parts.removed'), undo: () => change((all) => putBack(all, part, index)) });
          }}
        >
          <TextEditor
            small
            label={t('parts.nth', { n })}
            placeholder={t('parts.placeholder')}
            value={part}
            onChange={set}
            onFiles={(files) => uploads.add(files, place)}
            invalid={wrong.some(({ isWarning }) => !isWarning)}
          >
            <div className="px-4 pb-2">
              <Counter preview={preview} tab={tab} part={index + 1} isOld={isOld} />
            </div>
          </TextEditor>
          <RemarkList remarks={wrong} count={chosen.length} />
          <MediaField
            ids={part.media_ids}
            media={media}
            uploads={uploads}
            place={place}
            change={(update) => edit((before) => withFiles(before, place, update))}
          />
          <RemarkList remarks={[...at('media_ids'), ...at('poll')]} count={chosen.length} />
        </Box>
      </div>
    );
  });
}
