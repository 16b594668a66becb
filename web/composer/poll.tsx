import { Plus, Trash2, X } from 'lucide-react';
import { useTranslation } from 'react-i18next';
import { Button, IconButton } from '../parts/button.tsx';
import { Checkbox, Field, Input, Textarea } from '../parts/field.tsx';
import { useTell } from '../parts/toast.tsx';
import type { Poll } from './content.ts';

interface Props {
  poll: Poll;
  /** The most answers that any of the chosen networks takes. */
  most: number;
  /** Which of its answers something is wrong with. */
  faulty: ReadonlySet<number>;
  change(update: (poll: Poll) => Poll): void;
  onRemove(): void;
}

/** A question with answers to choose from. */
export function PollEditor({ poll, most, faulty, change, onRemove }: Props) {
  const { t } = useTranslation('composer');
  const tell = useTell();
  const { question, options, multiple, anonymous, quiz } = poll;
  const set = (more: Partial<Poll>) => change((now) => ({ ...now, ...more }));
  const setOptions = (all: string[], correct = quiz?.correct ?? 0) =>
    set({ options: all, quiz: quiz && { ...quiz, correct: Math.min(correct, all.length - 1) } });
  const takeOut = (index: number) => {
    const option = options[index] ?? '';
    const correct = quiz?.correct;
    setOptions(options.toSpliced(index, 1), correct !== undefined && correct > index ? correct - 1 : correct);
    if (option.trim() === '') return;
    const undo = () =>
      change((now) => ({
        ...now,
        options: now.options.toSpliced(index, 0, option),
        quiz: now.quiz && {
          ...now.quiz,
          correct:
            correct === index ? index : now.quiz.correct >= index ? now.quiz.correct + 1 : now.quiz.correct,
        },
      }));
    tell({ text: t('poll.answer_removed'), undo });
  };
  // Answers that are empty are not sent, so that the API counts without them.
  const sentAs = (index: number) => options.slice(0, index).filter((option) => option.trim() !== '').length;
  return (
    <fieldset className="flex flex-col gap-3 rounded-xl border border-line bg-panel p-4">
      <legend className="sr-only">{t('poll.title')}</legend>
      <div className="flex items-center">
        <h3 className="mr-auto font-medium">{t('poll.title')}</h3>
        <IconButton small icon={Trash2} label={t('poll.remove')} onClick={onRemove} />
      </div>
      <Field label={t('poll.question')}>
        <Input
          value={question}
          maxLength={1_000}
          onChange={({ target }) => set({ question: target.value })}
        />
      </Field>
      <ol className="flex flex-col gap-2" aria-label={t('poll.answers')}>
        {options.map((option, index) => (
          <li key={index} className="flex items-center gap-2">
            {quiz && (
              <input
                type="radio"
                name="right"
                aria-label={t('poll.right', { n: index + 1 })}
                checked={quiz.correct === index}
                onChange={() => set({ quiz: { ...quiz, correct: index } })}
                className="size-4 accent-accent"
              />
            )}
            <Input
              aria-label={t('poll.answer', { n: index + 1 })}
              placeholder={t('poll.answer', { n: index + 1 })}
              aria-invalid={option.trim() !== '' && faulty.has(sentAs(index)) ? true : undefined}
              value={option}
              maxLength={1_000}
              onChange={({ target }) => setOptions(options.with(index, target.value))}
            />
            <IconButton
              small
              icon={X}
              label={t('poll.remove_answer', { n: index + 1 })}
              disabled={options.length < 2}
              onClick={() => takeOut(index)}
            />
          </li>
        ))}
      </ol>
      {options.length < most && (
        <Button
          small
          look="quiet"
          icon={Plus}
          className="self-start"
          onClick={() => setOptions([...options, ''])}
        >
          {t('poll.add_answer')}
        </Button>
      )}
      <div className="flex flex-wrap gap-x-6 gap-y-2">
        <Checkbox
          label={t('poll.anonymous')}
          checked={anonymous}
          onChange={({ target }) => set({ anonymous: target.checked })}
        />
        <Checkbox
          label={t('poll.multiple')}
          checked={multiple}
          disabled={quiz !== null}
          onChange={({ target }) => set({ multiple: target.checked })}
        />
        <Checkbox
          label={t('poll.quiz')}
          checked={quiz !== null}
          onChange={({ target }) =>
            set(
              target.checked ? { quiz: { correct: 0, explanation: null }, multiple: false } : { quiz: null },
            )
          }
        />
      </div>
      {quiz && (
        <Field label={t('poll.explanation')} hint={t('poll.quiz_hint')}>
          <Textarea
            value={quiz.explanation ?? ''}
            maxLength={1_000}
            onChange={({ target }) => set({ quiz: { ...quiz, explanation: target.value || null } })}
            className="min-h-16"
          />
        </Field>
      )}
    </fieldset>
  );
}
