//! The way of one call's answer back to its connection. It may be taken to another thread and answered later.

use crate::body::Share;
use std::sync::Arc;
use tokio::sync::oneshot;
use wire::Reply;

/// Where the answer to one call goes. Dropped without one, the caller hears of a fault of ours.
pub struct Answering {
    to: oneshot::Sender<Outcome>,
    /// Held until the answer is there: the bytes of the body are.
    share: Share,
}

/// What a connection hears of its call.
pub(crate) enum Outcome {
    Reply(Reply),
    Waits(Box<dyn FnOnce() -> Reply + Send>),
}

impl Answering {
    pub(crate) fn new(share: Share) -> (Answering, oneshot::Receiver<Outcome>) {
        let (to, outcome) = oneshot::channel();
        (Answering { to, share }, outcome)
    }

    /// For a call whose answer nobody wants: a test that looks at what a door does beside answering.
    pub fn unheard() -> Answering {
        Answering::new(Share::none(Arc::default())).0
    }

    /// Here it is. Waits for nothing.
    pub fn reply(self, reply: Reply) {
        // A client that went away wants no answer.
        let _ = self.to.send(Outcome::Reply(reply));
    }

    /// The answer takes waiting for more than the commit of a transaction: `work` is done on a thread kept for that.
    pub fn wait_for(self, work: impl FnOnce() -> Reply + Send + 'static) {
        let Answering { to, share } = self;
        let work = move || {
            let _share = share;
            work()
        };
        let _ = to.send(Outcome::Waits(Box::new(work)));
    }
}
