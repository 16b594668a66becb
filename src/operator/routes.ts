import { operation, routes } from '../http/route.ts';
import { getStatus, StatusSchema } from './status.ts';

export const operatorRoutes = routes().get(
  '/v1/operator/status',
  operation({
    id: 'getOperatorStatus',
    tag: 'System',
    summary: 'How the installation does',
    description:
      'For its operator: versions, sizes, queues, and how many publications there are of each kind.',
    scope: 'admin',
    answers: { 200: StatusSchema },
  }),
  async (c) => c.json(await getStatus(c.var.ctx, c.var.who), 200),
);
