import { EditorContent, useEditor } from '@tiptap/react';
import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../parts/button.tsx';
import { cx } from '../parts/class.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Field, Input } from '../parts/field.tsx';
import type { Words } from './content.ts';
import { documentOf, formattedOf } from './formatted.ts';
import { extensionsFor, linkFrom, withoutStyles } from './schema.ts';
import { Toolbar } from './toolbar.tsx';

interface Props {
  label: string;
  placeholder: string;
  value: Words;
  onChange(words: Words): void;
  /** Files that were pasted or dropped into the text. */
  onFiles?: (files: File[]) => void;
  /** Something is wrong with it: it stands below, under this id. */
  describedBy?: string | undefined;
  invalid?: boolean;
  autoFocus?: boolean;
  /** For a comment or a further part. */
  small?: boolean;
  /** Stands below the text, in its frame. */
  children?: ReactNode;
}

/** How the text looks while it is written: close to how it is sent. */
const textLook = cx(
  'px-4 py-3 outline-none [overflow-wrap:anywhere] whitespace-pre-wrap text-[15px] leading-relaxed',
  '[&_a]:text-info [&_a]:underline [&_s]:line-through',
  '[&_blockquote]:my-1 [&_blockquote]:rounded-r-md [&_blockquote]:border-l-4 [&_blockquote]:border-accent [&_blockquote]:bg-sunken [&_blockquote]:px-3 [&_blockquote]:py-1',
  '[&_blockquote[expandable]]:border-dashed',
  '[&_code]:rounded [&_code]:bg-sunken [&_code]:px-1 [&_code]:font-mono [&_code]:text-[0.92em]',
  '[&_pre]:my-1 [&_pre]:rounded-md [&_pre]:bg-sunken [&_pre]:p-3 [&_pre]:whitespace-pre-wrap [&_pre_code]:p-0',
  '[&_[data-spoiler]]:rounded [&_[data-spoiler]]:bg-warn-soft [&_[data-spoiler]]:decoration-warn [&_[data-spoiler]]:underline [&_[data-spoiler]]:decoration-dotted',
  '[&_[data-kept]]:rounded [&_[data-kept]]:bg-info-soft',
  '[&_p.is-editor-empty]:before:pointer-events-none [&_p.is-editor-empty]:before:float-left [&_p.is-editor-empty]:before:h-0 [&_p.is-editor-empty]:before:text-ink-soft [&_p.is-editor-empty]:before:content-[attr(data-placeholder)]',
);

/** Text with formatting, kept as the API keeps it: plain text and entities. */
export function TextEditor(props: Props) {
  const { value, onChange, onFiles, label, placeholder, describedBy, invalid, autoFocus, small } = props;
  const { t } = useTranslation(['composer', 'common']);
  const [linking, setLinking] = useState(false);
  // Tiptap keeps the first handlers that it is given.
  const now = useRef({ onChange, onFiles, placeholder });
  now.current = { onChange, onFiles, placeholder };
  const said = useRef<Words>(value);
  const attributes = {
    role: 'textbox',
    'aria-multiline': 'true',
    'aria-label': label,
    ...(describedBy && { 'aria-describedby': describedBy }),
    ...(invalid && { 'aria-invalid': 'true' }),
    // A long text scrolls in itself: its tools and its length stay in sight.
    class: cx(textLook, 'max-h-[60dvh] overflow-y-auto', small ? 'min-h-16' : 'min-h-44'),
  };
  const editor = useEditor({
    extensions: extensionsFor(() => now.current.placeholder),
    content: documentOf(value),
    autofocus: autoFocus ? 'end' : false,
    injectCSS: false,
    // A star is a star: formatting comes from keys and buttons alone.
    enableInputRules: false,
    enablePasteRules: false,
    shouldRerenderOnTransaction: false,
    editorProps: {
      attributes,
      transformPastedHTML: withoutStyles,
      handlePaste: (_, event) => take(event.clipboardData),
      handleDrop: (_, event, __, moved) => !moved && take(event.dataTransfer),
      handleKeyDown: (_, event) => {
        if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== 'k') return false;
        // The page's own search listens for the same keys.
        event.preventDefault();
        event.stopPropagation();
        setLinking(true);
        return true;
      },
    },
    onUpdate: ({ editor: changed, transaction }) => {
      if (!transaction.docChanged) return;
      said.current = formattedOf(changed.getJSON()) as Words;
      now.current.onChange(said.current);
    },
  });
  function take(data: DataTransfer | null): boolean {
    const files = [...(data?.files ?? [])];
    // An office program puts a picture of the text beside the text.
    if (files.length === 0 || !now.current.onFiles || data?.types.includes('text/html')) return false;
    now.current.onFiles(files);
    return true;
  }
  useEffect(() => {
    // From elsewhere: taken back, taken over from another tab.
    if (value === said.current || sameWords(value, said.current)) return;
    said.current = value;
    editor.commands.setContent(documentOf(value), { emitUpdate: false });
  }, [editor, value]);
  const signature = JSON.stringify(attributes);
  useEffect(() => {
    const told = JSON.parse(signature);
    editor.setOptions({ editorProps: { ...editor.options.editorProps, attributes: told } });
  }, [editor, signature]);
  return (
    <div
      className={cx(
        'rounded-xl border bg-panel has-[.ProseMirror-focused]:outline-2 has-[.ProseMirror-focused]:-outline-offset-1 has-[.ProseMirror-focused]:outline-accent',
        invalid ? 'border-bad' : 'border-line-strong',
      )}
    >
      <Toolbar editor={editor} onLink={() => setLinking(true)} />
      <EditorContent editor={editor} />
      {props.children}
      {linking && (
        <LinkDialog
          href={(editor.getAttributes('link').href as string | undefined) ?? ''}
          onClose={() => {
            setLinking(false);
            // After the dialog has given the focus back.
            setTimeout(() => editor.commands.focus());
          }}
          onLink={(href) => {
            const chain = editor.chain().extendMarkRange('link');
            if (href === null) chain.unsetLink().run();
            else if (editor.state.selection.empty && !editor.isActive('link')) {
              chain
                .insertContent([
                  {
                    type: 'text',
                    text: href.replace(/^mailto:/, ''),
                    marks: [{ type: 'link', attrs: { href } }],
                  },
                  { type: 'text', text: ' ' },
                ])
                .run();
            } else chain.setLink({ href }).run();
          }}
        />
      )}
      <span className="sr-only" aria-live="polite">
        {invalid ? t('editor.invalid') : ''}
      </span>
    </div>
  );
}

function sameWords(a: Words, b: Words): boolean {
  return a.text === b.text && JSON.stringify(a.entities) === JSON.stringify(b.entities);
}

interface LinkProps {
  href: string;
  /** null: the link is taken off. */
  onLink(href: string | null): void;
  onClose(): void;
}

function LinkDialog({ href, onLink, onClose }: LinkProps) {
  const { t } = useTranslation(['composer', 'common']);
  const [written, setWritten] = useState(href);
  const [wrong, setWrong] = useState(false);
  const form = useId();
  const settle = (link: string | null) => {
    onLink(link);
    onClose();
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={t('editor.link')}>
      <form
        id={form}
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          const link = linkFrom(written);
          if (link) settle(link);
          else setWrong(true);
        }}
      >
        <Field label={t('editor.address')} error={wrong ? t('editor.address_wrong') : undefined}>
          <Input
            value={written}
            inputMode="url"
            placeholder="https://"
            onChange={({ target }) => {
              setWritten(target.value);
              setWrong(false);
            }}
          />
        </Field>
        <div className="flex justify-end gap-2">
          {href && <Button onClick={() => settle(null)}>{t('editor.unlink')}</Button>}
          <Button type="submit" look="primary">
            {t('editor.set_link')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
