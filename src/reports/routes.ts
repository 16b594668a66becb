import * as v from 'valibot';
import { IdParams, jsonBody, operation, params, query, routes } from '../http/route.ts';
import { fileAnswer, SignedQuery } from '../media/address.ts';
import { ListQuery, listOf } from '../page.ts';
import { JobSchema } from '../work/job.ts';
import { createExport, getExport, listExports } from './export/export.ts';
import { NewExport, NewReport, NewSchedule, ScheduleChange } from './input.ts';
import {
  createReport,
  deleteReport,
  ExportSchema,
  getReport,
  listReports,
  openReport,
  ReportQuery,
  ReportSchema,
} from './report.ts';
import {
  changeSchedule,
  createSchedule,
  deleteSchedule,
  getSchedule,
  listSchedules,
  ScheduleSchema,
} from './schedule.ts';

const tag = 'Reports';
const scope = 'analytics:read';

export const reportRoutes = routes()
  .post(
    '/v1/reports',
    operation({
      id: 'createReport',
      tag,
      summary: 'Have a report made',
      description:
        'Figures beside the period before, growth, top posts, best times and delivery of some communities or of all. Answers at once; GET /v1/jobs/{id} tells how far it has come, and the report has a `url` when it is made. Kept for 90 days.',
      scope,
      answers: { 202: v.strictObject({ job: JobSchema, report: ReportSchema }) },
      refusals: ['too_many_requests'],
    }),
    jsonBody(NewReport),
    async (c) => c.json(await createReport(c.var.ctx, c.var.who, c.req.valid('json')), 202),
  )
  .get(
    '/v1/reports',
    operation({
      id: 'listReports',
      tag,
      summary: 'Reports, newest first',
      scope,
      answers: { 200: listOf(ReportSchema) },
    }),
    query(ReportQuery),
    async (c) => c.json(await listReports(c.var.ctx, c.var.who, c.req.valid('query')), 200),
  )
  .get(
    '/v1/reports/:id',
    operation({
      id: 'getReport',
      tag,
      summary: 'One report, and where its file is',
      scope,
      answers: { 200: ReportSchema },
    }),
    params(IdParams),
    async (c) => c.json(await getReport(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .delete(
    '/v1/reports/:id',
    operation({
      id: 'deleteReport',
      tag,
      summary: 'Remove a report and its file',
      scope,
      answers: { 204: null },
    }),
    params(IdParams),
    async (c) => {
      await deleteReport(c.var.ctx, c.var.who, 'report', c.req.valid('param').id);
      return c.body(null, 204);
    },
  )
  .post(
    '/v1/report-schedules',
    operation({
      id: 'createReportSchedule',
      tag,
      summary: 'Have a report made every week or month',
      description:
        'On Mondays or on the first of the month, at 08:00 in its zone, of the week or month before. After an outage the period that ended last is reported, once; no period comes twice.',
      scope,
      answers: { 201: ScheduleSchema },
    }),
    jsonBody(NewSchedule),
    async (c) => c.json(await createSchedule(c.var.ctx, c.var.who, c.req.valid('json')), 201),
  )
  .get(
    '/v1/report-schedules',
    operation({
      id: 'listReportSchedules',
      tag,
      summary: 'Reports that are made by themselves',
      scope,
      answers: { 200: listOf(ScheduleSchema) },
    }),
    query(ListQuery),
    async (c) => c.json(await listSchedules(c.var.ctx, c.var.who, c.req.valid('query')), 200),
  )
  .get(
    '/v1/report-schedules/:id',
    operation({
      id: 'getReportSchedule',
      tag,
      summary: 'One schedule',
      scope,
      answers: { 200: ScheduleSchema },
    }),
    params(IdParams),
    async (c) => c.json(await getSchedule(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .patch(
    '/v1/report-schedules/:id',
    operation({
      id: 'changeReportSchedule',
      tag,
      summary: 'Change a schedule',
      description: 'What is absent stays. Reports that were made stay as they are.',
      scope,
      answers: { 200: ScheduleSchema },
    }),
    params(IdParams),
    jsonBody(ScheduleChange),
    async (c) => {
      const { id } = c.req.valid('param');
      return c.json(await changeSchedule(c.var.ctx, c.var.who, id, c.req.valid('json')), 200);
    },
  )
  .delete(
    '/v1/report-schedules/:id',
    operation({
      id: 'deleteReportSchedule',
      tag,
      summary: 'End a schedule; its reports stay',
      scope,
      answers: { 204: null },
    }),
    params(IdParams),
    async (c) => {
      await deleteSchedule(c.var.ctx, c.var.who, c.req.valid('param').id);
      return c.body(null, 204);
    },
  )
  .post(
    '/v1/exports',
    operation({
      id: 'createExport',
      tag,
      summary: 'Put everything that the workspace owns into one archive',
      description:
        'A ZIP with JSON lines per table, the files of the library, the figures as CSV, and a README that says what is what. Never tokens, keys or passwords. Asked again while one is being made, it is the same one. Kept for 7 days.',
      scope: 'admin',
      answers: { 202: v.strictObject({ job: JobSchema, export: ExportSchema }) },
    }),
    jsonBody(NewExport),
    async (c) => c.json(await createExport(c.var.ctx, c.var.who, c.req.valid('json')), 202),
  )
  .get(
    '/v1/exports',
    operation({
      id: 'listExports',
      tag,
      summary: 'Exports, newest first',
      scope: 'admin',
      answers: { 200: listOf(ExportSchema) },
    }),
    query(ListQuery),
    async (c) => c.json(await listExports(c.var.ctx, c.var.who, c.req.valid('query')), 200),
  )
  .get(
    '/v1/exports/:id',
    operation({
      id: 'getExport',
      tag,
      summary: 'One export, and where its file is',
      scope: 'admin',
      answers: { 200: ExportSchema },
    }),
    params(IdParams),
    async (c) => c.json(await getExport(c.var.ctx, c.var.who, c.req.valid('param').id), 200),
  )
  .delete(
    '/v1/exports/:id',
    operation({
      id: 'deleteExport',
      tag,
      summary: 'Remove an export and its file',
      scope: 'admin',
      answers: { 204: null },
    }),
    params(IdParams),
    async (c) => {
      await deleteReport(c.var.ctx, c.var.who, 'export', c.req.valid('param').id);
      return c.body(null, 204);
    },
  )
  .get(
    '/reports/:id/file',
    operation({
      id: 'openReport',
      tag,
      summary: 'The file behind a signed address',
      description:
        'The address comes from `url` of a report or an export. 404 for any other, 410 when its time is over. `Range` with one part is understood.',
      scope: 'public',
      answers: {
        200: { files: ['application/octet-stream'] },
        206: { files: ['application/octet-stream'] },
      },
      refusals: ['not_found', 'expired', 'range_not_satisfiable'],
    }),
    params(IdParams),
    query(SignedQuery),
    async (c) => {
      const served = await openReport(c.var.ctx, c.req.valid('param').id, c.req.valid('query'));
      return fileAnswer(c.var.ctx, served, c.req.raw.headers);
    },
  );
