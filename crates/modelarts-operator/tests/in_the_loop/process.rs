//! The operator as a process: started as the binary starts it, and ended by being dropped.

use std::sync::Arc;

use kube::Client;
use modelarts_operator::flags::Flags;
use modelarts_operator::http::Readiness;
use modelarts_operator::kubernetes::Clients;
use modelarts_operator::metrics::Metrics;
use modelarts_operator::run::{Connections, operate};
use modelarts_operator::shutdown::Shutdown;
use tokio::sync::watch;
use tower::Layer;

use crate::director::Director;
use crate::flaws::{Flaw, Mistake};
use crate::line::{Line, Wired};
use crate::world::{World, pass};

/// How the operator is started, and by whom it is judged.
#[derive(Clone)]
pub struct House {
    pub world: World,
    pub director: Arc<Director>,
    pub mistake: Option<Mistake>,
    /// The operator's command line.
    pub arguments: Vec<&'static str>,
}

/// Keeps one process running: after each death the next one starts, with nothing but its flags.
///
/// Only returns if the operator ends by itself, which it never should.
pub async fn supervise(house: House) -> String {
    let mut process = 0;
    // One API server, however many processes: what is stale for one is stale for the next.
    let connection = house.world.api.connect();
    let view = connection.view().clone();
    loop {
        process += 1;
        house.director.enter(process, &view);
        let line = Line::new(Arc::clone(&house.director), process);
        let wired = Wired {
            line: line.clone(),
            flaw: house.mistake.map(Flaw::new),
        };
        let client = || Client::new(wired.layer(connection.clone()), "default");
        let connections = Connections {
            kube: Clients {
                unary: client(),
                watch: client(),
                lease: client(),
            },
            carrier: line.to_cloud(&house.world),
            clock: house.world.clock(),
        };
        let command = ["modelarts-operator"]
            .into_iter()
            .chain(house.arguments.iter().copied());
        let mut flags = Flags::parse_checked(command).unwrap();
        flags.identity = Some(format!("replica-{process}"));
        let (_asked, shutdown) = watch::channel(false);
        let (metrics, readiness, shutdown) = (
            Arc::new(Metrics::new()),
            Readiness::waiting_for([]),
            Shutdown::when(shutdown),
        );
        let operating = operate(&flags, &connections, &metrics, &readiness, &shutdown);
        tokio::select! {
            ended = operating => {
                // Without the lease it ends, and is started again.
                match ended {
                    Err(error) if error.to_string().contains("the lease was lost") => {}
                    ended => return format!("the operator ended by itself: {ended:?}"),
                }
            }
            () = house.director.killed.notified() => {}
        }
        pass(1).await;
    }
}
