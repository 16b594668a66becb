import type { Editor } from '@tiptap/core';
import { useEditorState } from '@tiptap/react';
import {
  Bold,
  ChevronsDownUp,
  Code,
  EyeOff,
  Italic,
  Link,
  type LucideIcon,
  Redo2,
  SquareCode,
  Strikethrough,
  TextQuote,
  Underline,
  Undo2,
} from 'lucide-react';
import { Toolbar as Radix } from 'radix-ui';
import { useTranslation } from 'react-i18next';
import { cx } from '../parts/class.ts';

const tools = [
  ['bold', Bold, 'Ctrl B', (editor: Editor) => editor.chain().focus().toggleBold().run()],
  ['italic', Italic, 'Ctrl I', (editor: Editor) => editor.chain().focus().toggleItalic().run()],
  ['underline', Underline, 'Ctrl U', (editor: Editor) => editor.chain().focus().toggleUnderline().run()],
  ['strike', Strikethrough, 'Ctrl ⇧ S', (editor: Editor) => editor.chain().focus().toggleStrike().run()],
  ['spoiler', EyeOff, 'Ctrl ⇧ P', (editor: Editor) => editor.chain().focus().toggleSpoiler().run()],
  ['code', Code, 'Ctrl E', (editor: Editor) => editor.chain().focus().toggleCode().run()],
  ['blockquote', TextQuote, 'Ctrl ⇧ B', (editor: Editor) => editor.chain().focus().toggleBlockquote().run()],
  ['codeBlock', SquareCode, 'Ctrl Alt C', (editor: Editor) => editor.chain().focus().toggleCodeBlock().run()],
] as const satisfies readonly (readonly [string, LucideIcon, string, (editor: Editor) => boolean])[];

/** What the text can be made of; one stop for Tab, arrows move within. */
export function Toolbar({ editor, onLink }: { editor: Editor; onLink: () => void }) {
  const { t } = useTranslation(['composer', 'common']);
  const state = useEditorState({
    editor,
    selector: ({ editor: now }) => ({
      active: tools.map(([name]) => now.isActive(name)),
      link: now.isActive('link'),
      expandable: now.isActive('blockquote', { expandable: true }),
      language: now.isActive('codeBlock')
        ? ((now.getAttributes('codeBlock').language as string | null) ?? '')
        : null,
      canUndo: now.can().undo(),
      canRedo: now.can().redo(),
    }),
  });
  const inQuote = state.active[tools.findIndex(([name]) => name === 'blockquote')];
  return (
    <Radix.Root
      aria-label={t('editor.toolbar')}
      className="flex flex-wrap items-center gap-0.5 border-b border-line px-1.5 py-1"
    >
      {tools.map(([name, Icon, keys, run], index) => (
        <Tool
          key={name}
          icon={Icon}
          label={t(`editor.${name}`)}
          keys={keys}
          pressed={state.active[index]}
          onClick={() => run(editor)}
        />
      ))}
      {inQuote && (
        <Tool
          icon={ChevronsDownUp}
          label={t('editor.expandable')}
          pressed={state.expandable}
          onClick={() =>
            editor.chain().focus().updateAttributes('blockquote', { expandable: !state.expandable }).run()
          }
        />
      )}
      <Tool icon={Link} label={t('editor.link')} keys="Ctrl K" pressed={state.link} onClick={onLink} />
      {state.language !== null && (
        <input
          aria-label={t('editor.language')}
          placeholder={t('editor.language')}
          value={state.language}
          maxLength={64}
          onChange={({ target }) =>
            editor.commands.updateAttributes('codeBlock', {
              language: target.value.replace(/[^A-Za-z0-9+#._-]/g, '') || null,
            })
          }
          className="h-8 w-28 rounded-md border border-line bg-panel px-2 text-[13px] placeholder:text-ink-soft"
        />
      )}
      <Radix.Separator className="mx-1 h-5 w-px bg-line max-sm:hidden" />
      <Tool
        icon={Undo2}
        label={t('editor.undo')}
        keys="Ctrl Z"
        disabled={!state.canUndo}
        onClick={() => editor.chain().focus().undo().run()}
      />
      <Tool
        icon={Redo2}
        label={t('editor.redo')}
        keys="Ctrl ⇧ Z"
        disabled={!state.canRedo}
        onClick={() => editor.chain().focus().redo().run()}
      />
    </Radix.Root>
  );
}

interface ToolProps {
  icon: LucideIcon;
  label: string;
  keys?: string;
  pressed?: boolean | undefined;
  disabled?: boolean;
  onClick: () => void;
}

function Tool({ icon: Icon, label, keys, pressed, disabled, onClick }: ToolProps) {
  return (
    <Radix.Button
      aria-label={label}
      title={keys ? `${label} (${keys})` : label}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={onClick}
      className={cx(
        'flex size-8 max-sm:w-7 items-center justify-center rounded-md text-ink-soft hover:bg-sunken hover:text-ink disabled:opacity-40',
        pressed && 'bg-accent-soft text-accent',
      )}
    >
      <Icon className="size-4" aria-hidden />
    </Radix.Button>
  );
}
