import ExampleStore
import SubjectKit

Torture.main(ExampleStore.self)
