// Moments in the reader's own zone and language: «сегодня, 20:14».
const lang = document.documentElement.lang
const relative = new Intl.RelativeTimeFormat(lang, { numeric: 'auto' })
const clock = new Intl.DateTimeFormat(lang, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const day = new Intl.DateTimeFormat(lang, { day: 'numeric', month: 'long' })
const midnight = (moment) => new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime()

export function localTimes(within) {
  for (const element of within.querySelectorAll('time[datetime]')) {
    const moment = new Date(element.dateTime)
    const days = Math.round((midnight(moment) - midnight(new Date())) / 86400000)
    const date = Math.abs(days) <= 1 ? relative.format(days, 'day') : day.format(moment)
    element.textContent = `${date}, ${clock.format(moment)}`
    element.title = moment.toLocaleString(lang)
  }
}
