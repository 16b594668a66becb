import { type RefObject, useEffect, useRef } from 'react';
import { useLocation } from 'wouter';

/** Whether the page was left, for what ends after that. */
export function useLeft(): Readonly<RefObject<boolean>> {
  const left = useRef(false);
  useEffect(() => {
    left.current = false;
    return () => {
      left.current = true;
    };
  }, []);
  return left;
}

/** Leads on from this page; whoever has left it meanwhile stays where they are. */
export function useGoFromHere(): (to: string, options?: { replace?: boolean }) => void {
  const [, go] = useLocation();
  const left = useLeft();
  return (to, options) => {
    if (!left.current) go(to, options);
  };
}
