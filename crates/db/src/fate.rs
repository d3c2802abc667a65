//! A database at whose commits a test stands: each is let through, refused, or its caller dies. Behind the feature `testing`; no
//! part of the product.

use crate::batch::Batch;
use std::fmt;
use std::future::{Future, pending};
use std::sync::Arc;

/// What becomes of a step, and of whoever takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is done, and its caller hears so.
    Done,
    /// It is not done, and fails.
    Refused,
    /// It is done, and seems to have failed.
    AnswerLost,
    /// It is done twice.
    Repeated,
    /// It is not done, and its caller never goes on: whoever stands there ends the process.
    KilledBefore,
    /// It is done, and its caller never goes on.
    KilledAfter,
}

impl Fate {
    /// Whether the process is to end here.
    pub const fn kills(self) -> bool {
        matches!(self, Self::KilledBefore | Self::KilledAfter)
    }

    /// Takes the step so. `failure` is told whether it was done.
    pub async fn meet<T, E, F>(self, step: impl Fn() -> F, failure: impl Fn(bool) -> E) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        match self {
            Self::Done => step().await,
            Self::Refused => Err(failure(false)),
            Self::AnswerLost => step().await.and_then(|_| Err(failure(true))),
            Self::Repeated => {
                let answer = step().await;
                // The second time counts for what it does, and not for what it answers.
                let _ = step().await;
                answer
            }
            Self::KilledBefore => pending().await,
            Self::KilledAfter => {
                let _ = step().await;
                pending().await
            }
        }
    }
}

/// Says of each batch what becomes of it.
#[derive(Clone)]
pub struct Watch(Arc<dyn Fn(&Batch) -> Fate + Send + Sync>);

impl fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Watch")
    }
}

impl Watch {
    /// A watch that asks `fate`.
    pub fn new(fate: impl Fn(&Batch) -> Fate + Send + Sync + 'static) -> Self {
        Self(Arc::new(fate))
    }

    pub(crate) fn fate(&self, batch: &Batch) -> Fate {
        (self.0)(batch)
    }
}
