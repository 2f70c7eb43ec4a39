import Glibc
import Locks
import StorageInterface
import SubjectProtocol

/// Threads that answer the requests of one subject, each the next that waits.
///
/// `@unchecked`: the queue is touched inside of the monitor only; that the subject may be called
/// from several threads is what its `concurrency` says.
final class AnsweringThreads: @unchecked Sendable {
  private let monitor = Monitor()
  private let subject: any Subject
  private let output: AnswerOutput
  private var waiting: [(request: Request, number: UInt64?)] = []
  private var isFinished = false
  private var threads: [pthread_t] = []

  /// `count` threads for `subject`, which write to `output`.
  init(_ count: Int, for subject: any Subject, _ output: AnswerOutput) {
    self.subject = subject
    self.output = output
    for _ in 0..<count {
      var thread = pthread_t()
      let box = Unmanaged.passRetained(self).toOpaque()
      let error = pthread_create(
        &thread, nil,
        { box in
          guard let box else { return nil }
          Unmanaged<AnsweringThreads>.fromOpaque(box).takeRetainedValue().serve()
          return nil
        }, box)
      precondition(error == 0, "a thread can be made")
      threads.append(thread)
    }
  }

  /// Adds a request to what waits.
  func submit(_ request: Request, number: UInt64?) {
    monitor.enter()
    waiting.append((request, number))
    monitor.wakeAll()
    monitor.leave()
  }

  /// Has what waits answered, and ends the threads.
  func finish() {
    monitor.enter()
    isFinished = true
    monitor.wakeAll()
    monitor.leave()
    for thread in threads { pthread_join(thread, nil) }
    threads = []
  }

  private func serve() {
    while let (request, number) = next() {
      output.write(subject.answer(request), number: number)
    }
  }

  private func next() -> (Request, UInt64?)? {
    monitor.enter()
    defer { monitor.leave() }
    while waiting.isEmpty && !isFinished { monitor.wait() }
    return waiting.isEmpty ? nil : waiting.removeFirst()
  }
}

/// Where answers go, one write(2) each, from any thread.
///
/// `@unchecked`: everything is touched inside of the monitor only.
final class AnswerOutput: @unchecked Sendable {
  private let monitor = Monitor()
  private let descriptor: Int32
  private var line: [UInt8] = []
  private var error: Errno?

  /// Answers go to `descriptor`, which stays open.
  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// Why nobody listens any more; nil while somebody does.
  var failure: Errno? {
    monitor.enter()
    defer { monitor.leave() }
    return error
  }

  /// Writes one answer; more than one write(2) only where the kernel takes less than all.
  func write(_ answer: Answer, number: UInt64?) {
    monitor.enter()
    defer { monitor.leave() }
    line.removeAll(keepingCapacity: true)
    AnswerEncoder.append(answer, number: number, to: &line)
    line.append(0x0A)
    line.withUnsafeBytes { bytes in
      var written = 0
      while written < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[written...])
        let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
        if count >= 0 {
          written += count
        } else if errno != EINTR {
          error = Errno(rawValue: errno)
          return
        }
      }
    }
  }
}
