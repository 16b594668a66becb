import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/**
 * The process's own registry: add a metric with `registers: [registry]`. Labels come from closed lists alone
 * (route pattern, network, outcome), never from ids or text: each new value is a new series for ever.
 */
export const registry = new Registry();

export const httpDuration = new Histogram({
  name: 'outpost_http_request_duration_seconds',
  help: 'Time from request to answer, by route pattern.',
  labelNames: ['method', 'route', 'status'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
  registers: [registry],
});

new Gauge({
  name: 'process_resident_memory_bytes',
  help: 'Resident memory of the process.',
  registers: [registry],
  collect() {
    this.set(process.memoryUsage.rss());
  },
});

new Gauge({
  name: 'process_heap_bytes',
  help: 'Heap in use.',
  registers: [registry],
  collect() {
    this.set(process.memoryUsage().heapUsed);
  },
});

new Gauge({
  name: 'process_cpu_seconds_total',
  help: 'User and system CPU time spent.',
  registers: [registry],
  collect() {
    const { user, system } = process.cpuUsage();
    this.set((user + system) / 1e6);
  },
});

new Gauge({
  name: 'process_start_time_seconds',
  help: 'Start of the process since the Unix epoch.',
  registers: [registry],
}).set(Math.round(Date.now() / 1_000 - process.uptime()));

export const publishLag = new Histogram({
  name: 'outpost_publish_lag_seconds',
  help: 'Time from due to the first byte of the send, by network.',
  labelNames: ['network'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 60, 300, 900],
  registers: [registry],
});

export const publishOutcomes = new Counter({
  name: 'outpost_publications_settled_total',
  help: 'Publications that reached published, failed, unknown or unconfirmed, by network.',
  labelNames: ['network', 'outcome'],
  registers: [registry],
});

export const liveStreams = new Gauge({
  name: 'outpost_live_streams',
  help: 'Streams of changes that this process has open: about one for each dashboard that is looked at.',
  registers: [registry],
});

export const publishInFlight = new Gauge({
  name: 'outpost_publications_in_flight',
  help: 'Publications that this process carries now.',
  registers: [registry],
});

export const outboxRows = new Gauge({
  name: 'outpost_metrics_outbox_rows',
  help: 'Rows of figures on their way to ClickHouse; more than 100,000 are not counted.',
  registers: [registry],
});

export const outboxAge = new Gauge({
  name: 'outpost_metrics_outbox_oldest_seconds',
  help: 'How long the oldest of them has waited: seconds while all is well, more while ClickHouse is away.',
  registers: [registry],
});

export const quarantinedRows = new Gauge({
  name: 'outpost_metrics_quarantined_rows',
  help: 'Rows that ClickHouse refused, kept in metrics_quarantine with the reason.',
  registers: [registry],
});
