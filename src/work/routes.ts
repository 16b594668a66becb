import { IdParams, operation, params, routes } from '../http/route.ts';
import { getJob, JobSchema } from './job.ts';

export const workRoutes = routes().get(
  '/v1/jobs/:id',
  operation({
    id: 'getJob',
    tag: 'Jobs',
    summary: 'How far something has come that takes longer than a request',
    scope: 'signed_in',
    answers: { 200: JobSchema },
  }),
  params(IdParams),
  async (c) => c.json(await getJob(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
);
