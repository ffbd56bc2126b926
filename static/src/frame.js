// The one script of our pages. Pages are complete without it; it adds the parent (size, links, fresh tokens),
// buttons without a reload, and fresh contents. What a page is stands in its JSON block:
// { token, kind: installer | main | card | plain, finish, url, body } (templates/page.html).
import { initializeB24Frame } from '@bitrix24/b24jssdk'

const page = JSON.parse(document.getElementById('page')?.textContent ?? '{}')
const QUICK = 1000
const SLOW = 30000 // and then more and more seldom, while nothing changes
const SLOWEST = 240000
const PIECE = 512 * 1024 // of an uploaded file: one request takes a megabyte at most
const RESTLESS = 60000 // how long a page that waits for an outcome asks every second

let parent = null // the SDK's frame; stays null outside a portal
let token = page.token ?? ''
let busySince = 0
let calm = SLOW
let timer = 0

// ---- words of the machine into words of the reader -------------------------------------------------------------

const lang = document.documentElement.lang
const relative = new Intl.RelativeTimeFormat(lang, { numeric: 'auto' })
const clock = new Intl.DateTimeFormat(lang, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const day = new Intl.DateTimeFormat(lang, { day: 'numeric', month: 'long' })
const midnight = (moment) => new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime()

function localTimes(within) {
  for (const element of within.querySelectorAll('time[datetime]')) {
    const moment = new Date(element.dateTime)
    const days = Math.round((midnight(moment) - midnight(new Date())) / 86400000)
    const date = Math.abs(days) <= 1 ? relative.format(days, 'day') : day.format(moment)
    element.textContent = `${date}, ${clock.format(moment)}`
    element.title = moment.toLocaleString(lang)
  }
}

// ---- the parent ------------------------------------------------------------------------------------------------

function fit() {
  const height = Math.ceil(document.body.getBoundingClientRect().height)
  parent?.parent.message.send('resizeWindow', { width: '100%', height, isSafely: true }).catch(() => {})
}

async function meetParent() {
  try {
    parent = await initializeB24Frame()
  } catch {
    return // opened outside a portal: links and buttons still work as far as they can
  }
  new ResizeObserver(fit).observe(document.body)
  fit()
  finishInstallation()
}

function finishInstallation() {
  if (document.querySelector('[data-finish]') && parent?.isInstallMode) parent.installFinish().catch(() => {})
}

async function goOn() {
  if (parent?.isInstallMode) await parent.installFinish()
  else await parent?.parent.reloadWindow()
}

// ---- calls of our own pages: header token, no cookies ----------------------------------------------------------

function post(url, body) {
  return fetch(url, {
    method: 'POST',
    credentials: 'omit',
    headers: { 'Content-Type': 'application/json', 'X-Page-Token': token },
    body: JSON.stringify(body ?? {})
  })
}

async function freshToken() {
  if (!parent) return false
  const auth = await parent.auth.refreshAuth()
  const answer = await post('/frame/token', { access_token: auth.access_token })
  if (!answer.ok) return false
  token = (await answer.json()).token
  return true
}

/** The answer, with a fresh token where the old one had run out. */
async function send(url, body) {
  const answer = await post(url, body)
  return answer.status === 401 && (await freshToken()) ? post(url, body) : answer
}

/** The answer's JSON; `{ error: { code, text } }` where something stands in the way. Never throws. */
async function call(url, body) {
  try {
    return await (await send(url, body)).json()
  } catch {
    return { error: { code: 'no_connection', text: document.body.dataset.offline } }
  }
}

// ---- contents --------------------------------------------------------------------------------------------------

const content = () => document.getElementById('content')

/** The id of the title of the section that an element stands in. */
const titleOf = (element) => element.closest('[aria-labelledby]')?.getAttribute('aria-labelledby')

function focusOn(element) {
  if (element && element.tabIndex < 0) element.tabIndex = -1 // a title
  element?.focus({ preventScroll: true })
}

/** What is shown once, a key, stands until its own button is pressed: `data-hold` names its place in fresh contents. */
function hold(old, next) {
  for (const held of old.querySelectorAll('[data-hold]')) {
    const slot = next.querySelector(`[data-slot="${CSS.escape(held.dataset.hold)}"]`)
    if (slot && !slot.firstElementChild) slot.append(held)
  }
}

/** Put fresh contents in, unless somebody is typing there; what was opened stays open, but for the pressed form. */
function show(html, always, form) {
  const old = content()
  form?.closest('[data-hold]')?.remove()
  if (!always && old.contains(document.activeElement) && document.activeElement.matches('input, textarea')) return
  const fresh = document.createElement('template')
  fresh.innerHTML = html
  const next = fresh.content.getElementById('content')
  if (!next || next.outerHTML === old.dataset.source) return
  next.dataset.source = next.outerHTML
  const active = document.activeElement
  const focused = old.contains(active) && (active.id || titleOf(active))
  const notice = document.getElementById('notice')
  if (old.contains(notice)) old.before(notice)
  hold(old, next)
  for (const opened of old.querySelectorAll('details[open][id]')) {
    if (opened.contains(form ?? null)) continue
    next.querySelector(`#${CSS.escape(opened.id)}`)?.setAttribute('open', '')
  }
  old.replaceWith(next)
  localTimes(next)
  calm = SLOW
  if (focused) focusOn(next.contains(active) ? active : document.getElementById(focused))
}

const waits = () => content().hasAttribute('data-waits')

function plan() {
  clearTimeout(timer)
  if (!page.url) return
  if (!waits()) busySince = 0
  else if (!busySince) busySince = Date.now()
  const quick = busySince && Date.now() - busySince < RESTLESS
  timer = setTimeout(refresh, quick ? QUICK : calm)
  calm = Math.min(calm * 1.5, SLOWEST)
}

async function refresh() {
  if (!document.hidden) {
    const answer = await call(page.url, page.body)
    if (answer.html) show(answer.html, false)
  }
  plan()
}

// ---- buttons ---------------------------------------------------------------------------------------------------

/** `place`: where it belongs; a page is long, and its frame does not scroll. Else above the contents. */
function say(text, bad, place) {
  const notice = document.getElementById('notice')
  if (place?.isConnected) place.append(notice)
  else content().before(notice)
  notice.textContent = text ?? ''
  notice.hidden = !text
  notice.classList.toggle('bad', Boolean(bad))
  if (text) notice.scrollIntoView({ block: 'nearest' })
}

function busy(form, yes) {
  if (yes) form.setAttribute('aria-busy', 'true')
  else form.removeAttribute('aria-busy')
  form.querySelectorAll('button').forEach((button) => (button.disabled = yes))
}

async function press(form) {
  const fields = Object.fromEntries(new FormData(form).entries())
  say('')
  const pressed = document.activeElement
  const title = titleOf(form)
  busy(form, true)
  const answer = await call(form.dataset.call, { ...page.body, ...fields })
  busy(form, false)
  if (answer.error && 'atOnce' in form.dataset) form.reset()
  if (answer.html) show(answer.html, true, form)
  // a disabled button loses the focus: who uses a keyboard goes on there, or at the title of its section
  const lost = pressed !== document.body && document.activeElement === document.body
  if (lost) focusOn(pressed.isConnected ? pressed : document.getElementById(title))
  if (answer.error) return say(answer.error.text, true, form)
  if (answer.text) say(answer.text)
  finishInstallation()
  plan()
}

document.addEventListener('submit', (event) => {
  const form = event.target.closest('form[data-call], form[data-download]')
  if (!form) return
  event.preventDefault()
  if (!form.hasAttribute('aria-busy')) form.dataset.download ? download(form) : press(form)
})

document.addEventListener('change', (event) => {
  if (event.target.matches('input[data-upload]')) upload(event.target)
  const form = event.target.closest('form[data-call][data-at-once]')
  if (form) form.requestSubmit()
})

// ---- files: down as a blob, up in pieces; the page token never stands in an address -----------------------------

async function download(form) {
  say('')
  busy(form, true)
  try {
    const answer = await send(form.dataset.download, page.body)
    if (!answer.ok) return say((await answer.json()).error.text, true, form)
    const link = document.createElement('a')
    link.href = URL.createObjectURL(await answer.blob())
    link.download = /filename="([^"]+)"/.exec(answer.headers.get('Content-Disposition') ?? '')?.[1] ?? 'export'
    link.click()
    setTimeout(() => URL.revokeObjectURL(link.href), 60000)
  } catch {
    say(document.body.dataset.offline, true, form)
  } finally {
    busy(form, false)
  }
}

const base64 = (blob) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1))
    reader.onerror = reject
    reader.readAsDataURL(blob)
  })

async function upload(input) {
  const [file] = input.files
  if (!file) return
  const place = input.closest('.file')
  input.disabled = true
  const { restore, error } = await call('/frame/restore', page.body)
  let answer = { error }
  for (let number = 0; !answer.error && number * PIECE < file.size; number++) {
    say(`${input.dataset.saying}: ${Math.floor((number * PIECE * 100) / file.size)} %`, false, place)
    const data = await base64(file.slice(number * PIECE, (number + 1) * PIECE))
    answer = await call('/frame/restore/part', { restore, number, data })
  }
  if (!answer.error) answer = await call('/frame/restore/examine', { ...page.body, restore })
  input.disabled = false
  input.value = ''
  say(answer.error?.text, answer.error, place)
  if (answer.html) show(answer.html, true)
  plan()
}

/** A page that was refused asks again for the one that was wanted, while somebody looks at it. */
function retry(form) {
  setTimeout(() => (document.hidden ? retry(form) : form.requestSubmit()), form.dataset.retry * 1000)
}
document.querySelectorAll('form[data-retry]').forEach(retry)

document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-path]')
  if (link && parent) {
    event.preventDefault()
    parent.slider.openPath(parent.slider.getUrl(link.dataset.path)).catch(() => {})
  }
  const copy = event.target.closest('[data-copy]')
  if (copy) copyText(copy)
  const opened = event.target.closest('[data-cancel]')?.closest('details')
  if (opened) {
    opened.open = false
    opened.querySelector('summary').focus()
  }
  if (event.target.closest('[data-go-on]')) goOn().catch(() => {})
})

async function copyText(button) {
  const source = document.getElementById(button.dataset.copy)
  try {
    await navigator.clipboard.writeText(source.value)
  } catch {
    source.select() // frames may be kept from the clipboard: then at least everything is selected
    document.execCommand('copy')
  }
  button.textContent = button.dataset.done
}

content().dataset.source = content().outerHTML // the first refresh replaces what has changed only
localTimes(document)
plan()
meetParent()
