// Moments as people in China read them, in Chinese time wherever the device is.

const parts = new Intl.DateTimeFormat("zh-CN", {
  timeZone: "Asia/Shanghai", year: "numeric", month: "numeric", day: "numeric",
  hour: "2-digit", minute: "2-digit", hourCycle: "h23",
});

function read(moment) {
  return Object.fromEntries(parts.formatToParts(moment).map(({ type, value }) => [type, value]));
}

const dayNumber = ({ year, month, day }) => Date.UTC(year, month - 1, day) / 86_400_000;

/** "今天 14:05", "昨天 14:05", "11月23日 14:05", "2025年11月23日 14:05". */
export function spokenMoment(moment, now = new Date()) {
  const then = read(moment);
  const today = read(now);
  const days = dayNumber(today) - dayNumber(then);
  const year = then.year === today.year ? "" : `${then.year}年`;
  const day = days === 0 ? "今天" : days === 1 ? "昨天" : `${year}${then.month}月${then.day}日`;
  return `${day} ${then.hour}:${then.minute}`;
}

/** Whether two moments belong under two separators: another day, or half an hour apart. */
export function isApart(earlier, later) {
  return later - earlier > 30 * 60_000 || dayNumber(read(earlier)) !== dayNumber(read(later));
}
