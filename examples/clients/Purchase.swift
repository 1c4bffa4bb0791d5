// One idempotency key per attempt to buy. The key survives a restart of the app; only a definite answer gives it up.
// nil, 409 or 5xx: the outcome is unknown, and a call with the same body asks again.
// 401: sign in, then call again with the same body. The key stays the same, so the server runs the order once.
// 409 that stays: show the customer their orders, then remove the key of keyPlace(url, body) from storage.
import Foundation

let keyLock = NSLock()  // a double tap is two concurrent calls, and one attempt
let openStatuses: Set<Int> = [401, 403, 407, 408, 409, 421, 423, 425, 429]  // 4xx that say nothing about an earlier request
func keyPlace(_ url: URL, _ body: Data) -> String { "purchase \(url.absoluteString) \(body.base64EncodedString())" }

func purchase(_ url: URL, _ body: Data, storage: UserDefaults = .standard, tries: Int = 6) async throws -> (Int, Data)? {
    let place = keyPlace(url, body)  // another order is another attempt
    let key = keyLock.withLock { () -> String in
        let key = storage.string(forKey: place) ?? UUID().uuidString
        storage.set(key, forKey: place)
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
        else { continue }  // no answer: the order may have run, so retry with the same key
        if answer.statusCode < 500 && !openStatuses.contains(answer.statusCode) {
            storage.removeObject(forKey: place)
            return (answer.statusCode, data)
        }
        last = (answer.statusCode, data)
        if answer.statusCode < 500 && answer.value(forHTTPHeaderField: "Retry-After") == nil { break }  // keep the key
    }
    return last
}
