import * as v from 'valibot';
import { IdParams, operation, params, routes } from '../http/route.ts';
import { JobSchema } from '../work/job.ts';
import { refreshAnalytics } from './refresh.ts';

export const collectingRoutes = routes().post(
  '/v1/communities/:id/refresh-analytics',
  operation({
    id: 'refreshAnalytics',
    tag: 'Analytics',
    summary: 'Have the figures of a community and its posts read now',
    description:
      'Answers at once; GET /v1/jobs/{id} tells how far it has come. Asked again meanwhile, it is the same job.',
    scope: 'analytics:read',
    answers: { 202: v.strictObject({ job: JobSchema }) },
    refusals: ['wrong_state'],
  }),
  params(IdParams),
  async (c) => c.json({ job: await refreshAnalytics(c.var.ctx, c.var.who, c.req.valid('param').id) }, 202),
);
