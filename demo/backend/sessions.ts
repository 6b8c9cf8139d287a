import {ApiError} from '../lib/api-error.js';
import {Input} from './input.js';
import type {Call, Route} from './router.js';
import type {SessionStore} from './session-store.js';

/** A demo has no passwords: whoever gives a name is that user. */
export function sessionRoutes(sessions: SessionStore): Route[] {
  const path = '/api/v1/sessions/me';
  return [
    {
      method: 'POST',
      path: '/api/v1/sessions',
      answer: async (call) => {
        const input = new Input(await call.json());
        const user = input.text('user', {max: 100});
        input.check();
        const {token, session} = await sessions.create(user);
        return {status: 201, body: {token, ...session}, headers: {location: path}};
      },
    },
    {
      method: 'GET',
      path,
      answer: async (call) => {
        const session = await sessions.find(tokenOf(call));
        if (session === undefined) throw unauthorised('The session is unknown or over.');
        return {status: 200, body: session};
      },
    },
    {
      method: 'DELETE',
      path,
      answer: async (call) => {
        await sessions.remove(tokenOf(call));
        return {status: 204};
      },
    },
  ];
}

function tokenOf({request}: Call): string {
  const token = /^Bearer ([\w-]{1,200})$/i.exec(request.headers.authorization ?? '')?.[1];
  if (token === undefined) throw unauthorised('A header "Authorization: Bearer TOKEN" is needed.');
  return token;
}

function unauthorised(message: string): ApiError {
  return new ApiError(401, 'unauthorised', message, {headers: {'www-authenticate': 'Bearer'}});
}
