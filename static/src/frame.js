// The script of our pages. They are complete without it; htmx sends their forms and links, idiomorph puts fresh
// contents in, and here stands what is ours: the page token, what was typed, what is shown once, the clock of refreshes.
//
// Markup it knows, besides htmx's own attributes:
//   main#content      hx-vals: what every call of the page says of it; data-refresh: where its fresh contents are had;
//                     data-waits: something is under way, look again in a second
//   dialog[data-held] comes with contents and stays above them until its own button is pressed
//   [data-hold=name]  stays in [data-slot=name], also where fresh contents have it no more, until it is pressed in
//   [data-toast=10]   comes with contents and is shown for so many seconds
//   form[data-retry]  a form that sends itself so many seconds later, again and again
//   [data-path] a link into the portal · [data-copy] [data-cancel] [data-go-on] buttons · form[data-download] ·
//   input[data-upload] · [data-count=name] how many boxes of that name are ticked
import { Idiomorph } from 'idiomorph'
import htmx from 'htmx.org'
import { headers, renew } from './calls.js'
import { download, upload } from './files.js'
import { finishInstallation, goOn, openPath } from './portal.js'
import { localTimes } from './times.js'

const QUICK = 1000
const SLOW = 30000 // and then more and more seldom, while nothing changes
const SLOWEST = 240000
const RESTLESS = 60000 // how long a page that waits for an outcome asks every second
const TOAST = 6000

htmx.config.includeIndicatorStyles = false // a style element, which the policy of our pages forbids
htmx.config.allowEval = false
htmx.config.historyEnabled = false
htmx.config.selfRequestsOnly = true
htmx.config.timeout = 40000
htmx.config.scrollBehavior = 'instant'

let busySince = 0
let calm = SLOW
let timer = 0

const content = () => document.getElementById('content')

/** What a call from this place says of its page. */
export const pageOf = (element) => JSON.parse(element.closest('[hx-vals]')?.getAttribute('hx-vals') ?? '{}')

// ---- fresh contents --------------------------------------------------------------------------------------------

const typed = (field) =>
  field.matches('input:not([type=hidden], [type=radio]), textarea') &&
  (field.type === 'checkbox' ? field.checked !== field.defaultChecked : field.value !== field.defaultValue)

const KEEPING = {
  /** What somebody has typed or ticked and not sent yet stays. */
  beforeNodeMorphed: (old) => !(old instanceof Element && typed(old)),
  /** What was opened stays open, and a title that has the focus may keep it. */
  beforeAttributeUpdated: (name, element, change) =>
    change !== 'remove' || !(name === 'tabindex' || (name === 'open' && element.matches('details')))
}

/** What is held stays, also where fresh contents have it no more, until something in it is pressed. */
function hold(old, next) {
  for (const held of old.querySelectorAll('[data-hold]')) {
    const slot = next.querySelector(`[data-slot="${CSS.escape(held.dataset.hold)}"]`)
    if (slot && !slot.firstElementChild) slot.append(held.cloneNode(true))
  }
}

/** What is shown once, and words of a moment, stand outside of the contents: no other answer takes them away. */
function lift(next) {
  for (const dialog of next.querySelectorAll('dialog[data-held]')) {
    document.getElementById(dialog.id)?.remove()
    document.getElementById('held').append(dialog)
    htmx.process(dialog)
    dialog.showModal()
  }
  for (const toast of next.querySelectorAll('[data-toast]')) showToast(toast, toast.dataset.toast * 1000)
}

export function show(html) {
  const old = content()
  const fresh = document.createElement('template')
  fresh.innerHTML = html
  const next = fresh.content.getElementById('content')
  if (!next) return
  const notice = document.getElementById('notice')
  if (old.contains(notice)) old.before(notice)
  lift(next)
  const another = next.dataset.page !== old.dataset.page
  if (next.outerHTML !== old.dataset.source) {
    const source = next.outerHTML
    hold(old, next)
    calm = SLOW
    if (another) old.replaceWith(next)
    else Idiomorph.morph(old, next, { morphStyle: 'outerHTML', ignoreActiveValue: true, callbacks: KEEPING })
    content().dataset.source = source
    htmx.process(content())
    localTimes(content())
    counted()
  }
  if (another) {
    say('')
    scrollTo(0, 0)
    focusOn(content().querySelector('h1'))
  }
  plan()
}

const waits = () => content()?.hasAttribute('data-waits')

function plan() {
  clearTimeout(timer)
  if (!content()?.dataset.refresh) return
  if (!waits()) busySince = 0
  else if (!busySince) busySince = Date.now()
  const quick = busySince && Date.now() - busySince < RESTLESS
  timer = setTimeout(refresh, quick ? QUICK : calm)
  calm = Math.min(calm * 1.5, SLOWEST)
}

async function refresh() {
  if (document.hidden || document.querySelector('[aria-busy=true]')) return plan()
  await htmx.ajax('POST', content().dataset.refresh, { source: content(), target: content(), swap: 'none' })
  plan()
}

// ---- what people are told ---------------------------------------------------------------------------------------

/** `place`: where it belongs; a page is long, and its frame does not scroll. Else above the contents. */
export function say(text, bad, place) {
  const notice = document.getElementById('notice')
  if (place?.isConnected && place.id !== 'content') place.append(notice)
  else content().before(notice)
  notice.textContent = text ?? ''
  notice.hidden = !text
  notice.classList.toggle('bad', Boolean(bad))
  if (text) notice.scrollIntoView({ block: 'nearest' })
}

function showToast(toast, stays) {
  document.getElementById('toasts').replaceChildren(toast)
  htmx.process(toast)
  setTimeout(() => toast.remove(), stays)
}

function toast(text) {
  const made = document.createElement('p')
  made.className = 'toast'
  made.textContent = text
  showToast(made, TOAST)
}

export function busy(element, yes) {
  if (yes) element.setAttribute('aria-busy', 'true')
  else element.removeAttribute('aria-busy')
  for (const button of element.querySelectorAll('button')) button.disabled = yes
}

/** The id of the title of the section that an element stands in. */
const titleOf = (element) => element.closest('[aria-labelledby]')?.getAttribute('aria-labelledby')

function focusOn(element) {
  if (element && element.tabIndex < 0) element.tabIndex = -1 // a title
  element?.focus({ preventScroll: true })
}

// ---- calls, by htmx ---------------------------------------------------------------------------------------------

const plain = (parameters) => {
  const fields = {}
  for (const name of new Set(parameters.keys())) {
    const given = parameters.getAll(name)
    fields[name] = given.length > 1 ? given : given[0]
  }
  return fields
}

htmx.defineExtension('frame', {
  encodeParameters: (xhr, parameters) => JSON.stringify(plain(parameters))
})

const answerOf = (xhr) => {
  try {
    return JSON.parse(xhr.responseText)
  } catch {
    return { error: { text: document.body.dataset.offline } }
  }
}

const asked = (event) => event.detail.elt
const byClock = (event) => asked(event) === content()

document.addEventListener('htmx:configRequest', (event) => Object.assign(event.detail.headers, headers()))

let pressed = null

document.addEventListener('htmx:beforeRequest', (event) => {
  if (byClock(event)) return
  say('')
  pressed = { active: document.activeElement, title: titleOf(asked(event)), form: asked(event).outerHTML }
  busy(asked(event), true)
})

/** A page token that has run out: once more with a fresh one. */
document.addEventListener('htmx:beforeOnLoad', async (event) => {
  const { xhr, elt, requestConfig } = event.detail
  if (xhr.status !== 401 || elt.dataset.renewed) return
  event.preventDefault()
  if (!(await renew())) return failed(elt, answerOf(xhr).error.text)
  elt.dataset.renewed = '1'
  await htmx.ajax('POST', requestConfig.path, { source: elt, target: content(), swap: 'none' })
  delete elt.dataset.renewed
})

document.addEventListener('htmx:beforeSwap', (event) => {
  const { xhr, elt } = event.detail
  event.detail.shouldSwap = false // contents are put in here
  if (xhr.status >= 400) return
  const answer = answerOf(xhr)
  if (!byClock(event)) {
    busy(elt, false) // before contents come, which may say otherwise of a button
    elt.closest('dialog, [data-toast], [data-hold]')?.remove()
    if (elt.matches('form')) elt.reset()
    elt.closest('details')?.removeAttribute('open')
  }
  if (answer.html) show(answer.html)
  if (answer.text) toast(answer.text)
  if (byClock(event)) return
  refocus()
  finishInstallation()
})

/** Who uses a keyboard goes on where they were, or at the title of that section: a disabled button loses the focus. */
function refocus() {
  if (!pressed || pressed.active === document.body) return
  const { active, title, form } = pressed
  const there = active.isConnected && active.closest('form')?.outerHTML === form // nobody else's button by now
  if (there ? document.activeElement !== active : [document.body, active].includes(document.activeElement)) {
    focusOn(there ? active : document.getElementById(title))
  }
}

function failed(element, text) {
  if (element === content()) return
  busy(element, false)
  if (element.matches('[hx-trigger=change]')) element.reset()
  say(text, true, element)
  refocus()
}

document.addEventListener('htmx:responseError', (event) => {
  const { xhr, elt } = event.detail
  failed(elt, answerOf(xhr).error.text)
})
for (const name of ['htmx:sendError', 'htmx:timeout']) {
  document.addEventListener(name, (event) => failed(asked(event), document.body.dataset.offline))
}

// ---- buttons of our own -----------------------------------------------------------------------------------------

document.addEventListener('submit', (event) => {
  const form = event.target.closest('form[data-download]')
  if (!form) return
  event.preventDefault()
  if (!form.hasAttribute('aria-busy')) download(form)
})

document.addEventListener('change', (event) => {
  if (event.target.matches('input[data-upload]')) upload(event.target)
  if (event.target.matches('[data-all]')) {
    for (const box of boxes(event.target.dataset.all)) box.checked = event.target.checked
  }
  if (event.target.matches('input[type=checkbox]')) counted()
})

const boxes = (name) => content().querySelectorAll(`input[type=checkbox][name="${CSS.escape(name)}"]`)

/** Bulk actions say how many they are for, and stand aside while it is none. */
function counted() {
  for (const place of document.querySelectorAll('[data-count]')) {
    const ticked = [...boxes(place.dataset.count)].filter((box) => box.checked)
    place.hidden = ticked.length === 0
    for (const number of place.querySelectorAll('[data-number]')) number.textContent = ticked.length
    for (const names of place.querySelectorAll('[data-names]')) {
      names.textContent = ticked.map((box) => box.dataset.name).join(', ')
    }
  }
}

document.addEventListener('click', (event) => {
  const link = event.target.closest('a[data-path]')
  if (link) {
    event.preventDefault()
    openPath(link.dataset.path)
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

/** A key that is shown once is not closed by the way. */
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && document.querySelector('dialog[data-held]')) event.preventDefault()
})
document.addEventListener('close', (event) => event.target.matches('dialog[data-held]') && event.target.remove(), true)

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

for (const form of document.querySelectorAll('form[data-retry]')) {
  setInterval(() => document.hidden || form.requestSubmit(), form.dataset.retry * 1000)
}

document.querySelector('.sheet').inert = false // until here a press would have led out of the page

if (content()) {
  content().dataset.source = content().outerHTML // the first refresh replaces what has changed only
  lift(content())
  localTimes(document)
  counted()
  plan()
}
