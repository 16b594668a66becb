import { type ClassValue, clsx } from 'clsx';
import { twMerge } from 'tailwind-merge';

/** Class names, of which the later win. */
export function cx(...classes: ClassValue[]): string {
  return twMerge(clsx(classes));
}
