import { CloudOff, RotateCw, TriangleAlert } from 'lucide-react';
import { Component, type ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { Button } from '../parts/button.tsx';
import { Empty } from '../parts/page.tsx';
import { isMissingPart } from '../parts/part.tsx';
import { tryAgain } from './pages.tsx';

interface Props {
  /** Where the person is: somewhere else it is tried again. */
  at: string;
  children: ReactNode;
}
interface State {
  error: unknown;
}

/** One broken page leaves the others as they are: what happened stands in its place, and the way out of it. */
export class Boundary extends Component<Props, State> {
  override state: State = { error: null };
  static getDerivedStateFromError(error: unknown): State {
    return { error };
  }
  // Not before it is shown: until then React tries by itself, and would for ever.
  override componentDidCatch(): void {
    tryAgain();
  }
  override componentDidUpdate(before: Props): void {
    if (this.state.error !== null && before.at !== this.props.at) this.setState({ error: null });
  }
  override render() {
    return this.state.error === null ? this.props.children : <Broken error={this.state.error} />;
  }
}

function Broken({ error }: { error: unknown }) {
  const { t } = useTranslation();
  const isMissing = isMissingPart(error);
  return (
    <div className="mx-auto w-full max-w-2xl p-4 md:p-6" role="alert">
      <Empty
        icon={isMissing ? CloudOff : TriangleAlert}
        title={isMissing ? t('frame.part_missing') : t('error.internal')}
        text={isMissing ? t('frame.part_missing_text') : undefined}
      >
        <Button look="primary" icon={RotateCw} onClick={() => location.reload()}>
          {t('frame.reload')}
        </Button>
      </Empty>
    </div>
  );
}
