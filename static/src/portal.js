// The portal around our frame: its size, links into the portal, fresh tokens. The SDK comes late: pages work before it.
let frame = null // the SDK's; stays null outside a portal

function fit() {
  const height = Math.ceil(document.body.getBoundingClientRect().height)
  frame?.parent.message.send('resizeWindow', { width: '100%', height, isSafely: true }).catch(() => {})
}

const met = meet()

async function meet() {
  const { initializeB24Frame } = await import('./sdk.js')
  try {
    frame = await initializeB24Frame()
  } catch {
    return // opened outside a portal: buttons still work
  }
  new ResizeObserver(fit).observe(document.body)
  fit()
  finishInstallation()
}

export function finishInstallation() {
  if (document.querySelector('[data-finish]') && frame?.isInstallMode) frame.installFinish().catch(() => {})
}

export async function goOn() {
  await met
  if (frame?.isInstallMode) await frame.installFinish()
  else await frame?.parent.reloadWindow()
}

/** Open a page of the portal in its slider, a card for instance. */
export async function openPath(path) {
  await met
  await frame?.slider.openPath(frame.slider.getUrl(path)).catch(() => {})
}

/** A fresh access token of the viewer; null outside a portal. */
export async function freshAccess() {
  await met
  return frame ? (await frame.auth.refreshAuth()).access_token : null
}
