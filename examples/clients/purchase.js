// One key for each attempt to buy: kept over a reload or a crash of the browser, given up at a definite answer alone.
// await purchase("/payments", { booking: 7 }): its answer; null, 409 or 5xx: not known yet, the same words ask again.
const OPEN = [401, 403, 407, 408, 409, 421, 423, 425, 429]; // of 4xx, those that say nothing of the first attempt
const TRIES = 6;

async function purchase(url, order, storage = localStorage, wait = 500) {
  const body = JSON.stringify(order);
  const place = `purchase ${url} ${body}`; // another order is another attempt
  let key = storage.getItem(place);
  if (!key) {
    key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    storage.setItem(place, key);
  }
  let answer = null; // the last one
  for (let tried = 0; tried < TRIES; tried++) {
    if (tried) await new Promise((done) => setTimeout(done, wait * 2 ** (tried - 1) * (1 + Math.random())));
    try {
      const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
      answer = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(30000) });
    } catch {
      continue; // no answer: it may have been carried out, so the same key again
    }
    if (answer.status < 500 && !OPEN.includes(answer.status)) {
      storage.removeItem(place);
      return answer;
    }
    if (answer.status < 500 && !answer.headers.has("Retry-After")) break; // asking again tells no more: the key stays
  }
  return answer;
}
