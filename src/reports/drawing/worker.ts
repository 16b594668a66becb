import { parentPort } from 'node:worker_threads';
import type { ReportData } from '../gather.ts';

/** What a drawing thread is asked for, once in its life. */
export interface Order {
  format: 'csv' | 'xlsx' | 'pdf';
  data: ReportData;
}

parentPort?.once('message', async ({ format, data }: Order) => {
  const bytes = await draw(format, data);
  parentPort?.postMessage(bytes);
});

/** Loads what this format needs and nothing else. */
async function draw(format: Order['format'], data: ReportData): Promise<Uint8Array> {
  switch (format) {
    case 'csv':
      return (await import('./csv.ts')).drawCsv(data);
    case 'xlsx':
      return (await import('./xlsx.ts')).drawXlsx(data);
    case 'pdf':
      return (await import('./pdf.ts')).drawPdf(data);
  }
}
