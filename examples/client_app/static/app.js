// Keeps the page live: waits for a change, fetches the part that changes, marks what is new. Works without it, too.
const live = document.getElementById('live')

async function follow () {
  try {
    const { version } = await (await fetch('/changed')).json()
    if (String(version) !== live.dataset.version) await refresh(version)
  } catch {
    // the account is restarting: ask again
  }
  setTimeout(follow, document.hidden ? 5000 : 600)
}

async function refresh (version) {
  if (document.activeElement.matches('input')) return // somebody is typing
  const known = ids()
  const opened = new Set([...live.querySelectorAll('details[open]')].map(one => one.closest('[data-event]').dataset.event))
  const before = stateOf()
  const answer = await fetch(`/live${location.search}`)
  if (!answer.ok) return
  live.innerHTML = await answer.text()
  live.dataset.version = version
  for (const row of live.querySelectorAll('[data-event]')) {
    if (!known.has(row.dataset.event)) row.classList.add('new')
    if (opened.has(row.dataset.event)) row.querySelector('details').open = true
  }
  if (before && before !== stateOf()) live.querySelector('.phone')?.classList.add('turned')
}

function ids () {
  return new Set([...live.querySelectorAll('[data-event]')].map(row => row.dataset.event))
}

function stateOf () {
  return live.querySelector('.hero')?.className
}

follow()
