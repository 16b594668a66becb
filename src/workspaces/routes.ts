import { jsonBody, operation, routes } from '../http/route.ts';
import { changeWorkspace, getWorkspace, WorkspaceChange, WorkspaceSettingsSchema } from './workspace.ts';

export const workspaceRoutes = routes()
  .get(
    '/v1/workspace',
    operation({
      id: 'getWorkspace',
      tag: 'Account',
      summary: 'The workspace that this request works in',
      scope: 'signed_in',
      answers: { 200: WorkspaceSettingsSchema },
    }),
    async (c) => c.json(await getWorkspace(c.var.ctx, c.var.who), 200),
  )
  .patch(
    '/v1/workspace',
    operation({
      id: 'changeWorkspace',
      tag: 'Account',
      summary: 'Change its name, its time zone, or how long single figures are kept',
      scope: 'admin',
      answers: { 200: WorkspaceSettingsSchema },
    }),
    jsonBody(WorkspaceChange),
    async (c) => c.json(await changeWorkspace(c.var.ctx, c.var.who, c.req.valid('json')), 200),
  );
