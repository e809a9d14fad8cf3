/** What a provider's answer is, by its `Content-Type`. */

export function isEventStream(answer: Response): boolean {
  return /^text\/event-stream/i.test(typeOf(answer));
}

export function isJson(answer: Response): boolean {
  return /^application\/json/i.test(typeOf(answer));
}

function typeOf(answer: Response): string {
  return answer.headers.get("content-type") ?? "";
}
