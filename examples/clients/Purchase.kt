// One key for each attempt to buy: kept over a restart of the app, given up at a definite answer alone.
// Off the main thread. null, 409 or 5xx: nobody knows yet; the same words ask again. On Android: SharedPreferences.
import java.io.IOException
import java.net.HttpURLConnection
import java.net.URL
import java.util.UUID

interface Kept { fun get(place: String): String?; fun put(place: String, key: String); fun remove(place: String) }
class Answer(val status: Int, val body: String)
val OPEN = setOf(401, 403, 407, 408, 409, 421, 423, 425, 429) // of 4xx, those that say nothing of the first attempt

fun purchase(url: String, body: String, kept: Kept, tries: Int = 6, wait: Long = 500): Answer? {
    val place = "purchase $url $body" // another order is another attempt
    val key = synchronized(OPEN) { kept.get(place) ?: UUID.randomUUID().toString().also { kept.put(place, it) } }
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
            if (status < 500 && status !in OPEN) { kept.remove(place); return Answer(status, text) }
            last = Answer(status, text)
            if (status < 500 && call.getHeaderField("Retry-After") == null) break // the key stays
        } catch (lost: IOException) { } // no answer: it may have been carried out, so the same key again
    }
    return last
}
