// One key for each attempt to buy: kept over a restart of the app, given up at a definite answer alone.
// nil, 409 or 5xx: nobody knows yet; the same words ask again.
import Foundation

let drawing = NSLock()  // a double tap is two calls at once, and one attempt
let undecided: Set<Int> = [401, 403, 407, 408, 409, 421, 423, 425, 429]  // these say nothing of the first attempt

func purchase(_ url: URL, _ body: Data, kept: UserDefaults = .standard, tries: Int = 6) async throws -> (Int, Data)? {
    let place = "purchase \(url.absoluteString) \(body.base64EncodedString())"  // another order is another attempt
    let key = drawing.withLock { () -> String in
        let key = kept.string(forKey: place) ?? UUID().uuidString
        kept.set(key, forKey: place)
        return key
    }
    var last: (Int, Data)?
    for tried in 0..<tries {
        if tried > 0 {
            let seconds = 0.5 * pow(2, Double(tried - 1)) * Double.random(in: 1...2)
            try await Task.sleep(nanoseconds: UInt64(seconds * 1_000_000_000))
        }
        var request = URLRequest(url: url, timeoutInterval: 30)
        request.httpMethod = "POST"
        request.httpBody = body
        request.setValue("application/json", forHTTPHeaderField: "Content-Type")
        request.setValue(key, forHTTPHeaderField: "Idempotency-Key")
        guard let (data, response) = try? await URLSession.shared.data(for: request),
            let answer = response as? HTTPURLResponse
        else { continue }  // no answer: it may have been carried out, so the same key again
        if answer.statusCode < 500 && !undecided.contains(answer.statusCode) {
            kept.removeObject(forKey: place)
            return (answer.statusCode, data)
        }
        last = (answer.statusCode, data)
        if answer.statusCode < 500 && answer.value(forHTTPHeaderField: "Retry-After") == nil { break }  // the key stays
    }
    return last
}
