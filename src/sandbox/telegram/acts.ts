import type { AudienceActs } from './audience.ts';
import { createAudienceActs } from './audience.ts';
import type { AuthorActs } from './authors.ts';
import { createAuthorActs } from './authors.ts';
import type { Hall } from './call.ts';
import type { PeopleActs } from './people.ts';
import { createPeopleActs } from './people.ts';
import type { RoomActs } from './rooms.ts';
import { createRoomActs } from './rooms.ts';

/** What people do in Telegram behind the Bot API's back. */
export interface TelegramActs extends PeopleActs, AuthorActs, AudienceActs, RoomActs {}

export function createTelegramActs(hall: Hall): TelegramActs {
  return {
    ...createPeopleActs(hall),
    ...createAuthorActs(hall),
    ...createAudienceActs(hall),
    ...createRoomActs(hall),
  };
}
