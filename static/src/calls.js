// Calls of our own pages: the page token in a header, no cookies. It stands in the page's JSON block and is renewed
// through the portal when it has run out.
import { freshAccess } from './portal.js'

let token = JSON.parse(document.getElementById('page')?.textContent ?? '{}').token ?? ''
let renewing = null

export const headers = () => ({ 'Content-Type': 'application/json', 'X-Page-Token': token })

export const post = (url, body) =>
  fetch(url, { method: 'POST', credentials: 'omit', headers: headers(), body: JSON.stringify(body ?? {}) })

/** Whether there is a fresh token now; asked for once, however many calls wait for it. */
export function renew() {
  renewing ??= renewed().finally(() => (renewing = null))
  return renewing
}

async function renewed() {
  try {
    const access = await freshAccess()
    const answer = access && (await post('/frame/token', { access_token: access }))
    if (!answer?.ok) return false
    token = (await answer.json()).token
    return true
  } catch {
    return false
  }
}

/** The answer, with a fresh token where the old one had run out. */
export async function send(url, body) {
  const answer = await post(url, body)
  return answer.status === 401 && (await renew()) ? post(url, body) : answer
}

/** The answer's JSON; `{ error: { code, text } }` where something stands in the way. Never throws. */
export async function call(url, body) {
  try {
    return await (await send(url, body)).json()
  } catch {
    return { error: { code: 'no_connection', text: document.body.dataset.offline } }
  }
}
