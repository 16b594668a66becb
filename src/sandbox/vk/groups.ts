import type { VkCall } from './call.ts';
import { actsAsPerson, communityOf, flag, isAdmin, numberOf, param, SCOPES, VkRefusal } from './call.ts';
import { groupObject } from './objects.ts';

export function groupsGet(call: VkCall): unknown {
  const { core, params, token } = call;
  const userId = numberOf(params.user_id, token.user_id);
  if (token.kind === 'user' && userId === token.user_id && (token.scopes & SCOPES.groups) === 0)
    throw new VkRefusal(15, 'no access to call this method');
  if (userId !== token.user_id) throw new VkRefusal(260);
  const fields = namesIn(params.fields);
  const mine = [...core.state.communities.values()].filter((community) =>
    token.admin_of.includes(community.id),
  );
  const offset = numberOf(params.offset, 0);
  const shown = mine.slice(offset, offset + numberOf(params.count, 1000));
  return {
    count: mine.length,
    items: flag(params.extended)
      ? shown.map((community) => groupObject(core, community, token, fields))
      : shown.map((community) => community.id),
  };
}

export function groupsGetById(call: VkCall): unknown {
  const { params, token } = call;
  const asked =
    params.group_ids || params.group_id || (token.kind === 'community' ? String(token.group_id) : '');
  if (!asked) throw param('group_ids is undefined');
  const communities = asked.split(',').map((id) => communityOf(call, id.trim()));
  call.record.place = String(-(communities[0]?.id ?? 0));
  const fields = namesIn(params.fields);
  return {
    groups: communities.map((community) => groupObject(call.core, community, token, fields)),
    profiles: [],
  };
}

function namesIn(fields: string | undefined): string[] {
  return (fields ?? '').split(',').map((field) => field.trim());
}

export function groupsGetTokenPermissions(call: VkCall): unknown {
  const bits: Record<string, number> = {
    stories: 1,
    photos: SCOPES.photos,
    app_widget: SCOPES.app_widget,
    messages: SCOPES.messages,
    wall: SCOPES.wall,
    docs: SCOPES.docs,
    manage: SCOPES.manage,
  };
  const granted = Object.entries(bits).filter(([, bit]) => (call.token.scopes & bit) !== 0);
  return {
    mask: call.token.scopes,
    permissions: granted.map(([name, setting]) => ({ name, setting })),
  };
}

export function groupsGetMembers(call: VkCall): unknown {
  const { params, token } = call;
  const id = params.group_id || (token.kind === 'community' ? String(token.group_id) : '');
  if (!id) throw param('group_id is undefined');
  const community = communityOf(call, id);
  call.record.place = String(-community.id);
  const offset = numberOf(params.offset, 0);
  const count = numberOf(params.count, 1000);
  if (params.filter === 'managers') {
    if (!isAdmin(token, community.id) || (token.kind !== 'community' && !actsAsPerson(token)))
      throw new VkRefusal(15, 'only for managers of the community');
    const managers = Object.entries(community.managers).map(([user, role]) => ({ id: Number(user), role }));
    return { count: managers.length, items: managers.slice(offset, offset + count) };
  }
  const length = Math.max(0, Math.min(count, community.members - offset));
  return { count: community.members, items: Array.from({ length }, (_, i) => offset + i + 1) };
}
