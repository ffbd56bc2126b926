// Files: down as a blob, up in pieces; the page token never stands in an address.
import { call, send } from './calls.js'
import { busy, pageOf, say, show } from './frame.js'

const PIECE = 512 * 1024 // of an uploaded file: one request takes a megabyte at most

export async function download(form) {
  say('')
  busy(form, true)
  try {
    const answer = await send(form.dataset.download, pageOf(form))
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

export async function upload(input) {
  const [file] = input.files
  if (!file) return
  const place = input.closest('.file')
  input.disabled = true
  const { restore, error } = await call('/frame/restore', pageOf(input))
  let answer = { error }
  for (let number = 0; !answer.error && number * PIECE < file.size; number++) {
    say(`${input.dataset.saying}: ${Math.floor((number * PIECE * 100) / file.size)} %`, false, place)
    const data = await base64(file.slice(number * PIECE, (number + 1) * PIECE))
    answer = await call('/frame/restore/part', { restore, number, data })
  }
  if (!answer.error) answer = await call('/frame/restore/examine', { ...pageOf(input), restore })
  input.disabled = false
  input.value = ''
  say(answer.error?.text, answer.error, place)
  if (answer.html) show(answer.html)
}
