// One idempotency key per attempt to buy. The key survives a restart of the app; only a definite answer gives it up.
// Call off the main thread. null, 409 or 5xx: the outcome is unknown, and a call with the same body asks again.
// 401: sign in, then call again with the same body. The key stays the same, so the server runs the order once.
// 409 that stays: show the customer their orders, then call forgetPurchase. On Android, KeyStorage is SharedPreferences.
import java.io.IOException
import java.net.HttpURLConnection
import java.net.URL
import java.util.UUID

interface KeyStorage { fun get(place: String): String?; fun put(place: String, key: String); fun remove(place: String) }
class Answer(val status: Int, val body: String)
val OPEN = setOf(401, 403, 407, 408, 409, 421, 423, 425, 429) // 4xx that say nothing about an earlier request
fun keyPlace(url: String, body: String) = "purchase $url $body" // another order is another attempt
fun forgetPurchase(url: String, body: String, storage: KeyStorage) = storage.remove(keyPlace(url, body))

fun purchase(url: String, body: String, storage: KeyStorage, tries: Int = 6, wait: Long = 500): Answer? {
    val place = keyPlace(url, body)
    val key = synchronized(OPEN) { storage.get(place) ?: UUID.randomUUID().toString().also { storage.put(place, it) } }
    var last: Answer? = null
    for (tried in 0 until tries) {
        if (tried > 0) Thread.sleep(((wait shl (tried - 1)) * (1 + Math.random())).toLong())
        try {
            val call = URL(url).openConnection() as HttpURLConnection
            call.requestMethod = "POST"; call.doOutput = true; call.connectTimeout = 10_000; call.readTimeout = 30_000
            call.setRequestProperty("Content-Type", "application/json")
            call.setRequestProperty("Idempotency-Key", key)
            call.outputStream.use { it.write(body.toByteArray()) }
            val status = call.responseCode
            val text = (if (status < 400) call.inputStream else call.errorStream)?.bufferedReader()?.readText() ?: ""
            if (status < 500 && status !in OPEN) { storage.remove(place); return Answer(status, text) }
            last = Answer(status, text)
            if (status < 500 && call.getHeaderField("Retry-After") == null) break // keep the key
        } catch (lost: IOException) { } // no answer: the order may have run, so retry with the same key
    }
    return last
}
