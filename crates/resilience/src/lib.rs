//! Circuit breaker, retry and timeout as silent state machines
