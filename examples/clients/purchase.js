// One idempotency key per attempt to buy. The key survives a reload or crash; only a definite answer gives it up.
// await purchase("/payments", { booking: 7 }) returns the answer. null, 409 or 5xx: the outcome is unknown, and a call
// with the same order asks again. 401: sign in, then call again with the same order. The key stays the same, so the
// server runs the order once: it replays the first answer to the same user, and refuses with 409 if it cannot tell.
// 409 that stays: show the customer their orders, then call forgetPurchase(url, order).
const OPEN = [401, 403, 407, 408, 409, 421, 423, 425, 429]; // 4xx that say nothing about an earlier request
const TRIES = 6;
const place = (url, order) => `purchase ${url} ${JSON.stringify(order)}`; // another order is another attempt
const forgetPurchase = (url, order, storage = localStorage) => storage.removeItem(place(url, order));

async function purchase(url, order, storage = localStorage, wait = 500) {
  const body = JSON.stringify(order);
  let key = storage.getItem(place(url, order));
  if (!key) {
    key = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    storage.setItem(place(url, order), key);
  }
  let answer = null; // the latest answer
  for (let tried = 0; tried < TRIES; tried++) {
    if (tried) await new Promise((done) => setTimeout(done, wait * 2 ** (tried - 1) * (1 + Math.random())));
    try {
      const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
      answer = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(30000) });
    } catch {
      continue; // no answer: the order may have run, so retry with the same key
    }
    if (answer.status < 500 && !OPEN.includes(answer.status)) {
      forgetPurchase(url, order, storage);
      return answer;
    }
    if (answer.status < 500 && !answer.headers.has("Retry-After")) break; // a retry gets the same answer; keep the key
  }
  return answer;
}
