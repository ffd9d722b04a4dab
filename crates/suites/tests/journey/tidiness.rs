//! Checks that nothing is left after a case, however it ended.

use crate::{
    part::{Setup, docker},
    patience::eventually,
    stage::{name, network, variable},
};
use std::collections::HashMap;
use testcontainers::bollard::query_parameters::{
    ListContainersOptionsBuilder, ListNetworksOptionsBuilder,
};

/// The number of containers and networks whose name contains `name`.
async fn left(name: &str) -> (usize, usize) {
    let filters = HashMap::from([("name", vec![name])]);
    let containers = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&filters)
        .build();
    let containers = docker().list_containers(Some(containers)).await.unwrap();
    let networks = ListNetworksOptionsBuilder::new().filters(&filters).build();
    let networks = docker().list_networks(Some(networks)).await.unwrap();
    (containers.len(), networks.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_panics_leaves_no_container_and_no_network() {
    let network = network();
    let inside = network.clone();
    let case = tokio::spawn(async move {
        let image = variable("GLASSBOX_REDIS_IMAGE");
        let setup = |alias: &str| Setup::new(&image, &name(&inside, alias), &inside);
        let _one = setup("one").start().await;
        let _other = setup("other").start().await;
        assert_eq!(left(&inside).await, (2, 1));
        panic!("the case asked for it");
    });
    let ended = case.await.unwrap_err();
    let said = ended.into_panic();
    assert_eq!(said.downcast_ref::<&str>(), Some(&"the case asked for it"));
    let gone = eventually(async || (left(&network).await == (0, 0)).then_some(()));
    assert!(gone.await.is_some(), "left: {:?}", left(&network).await);
}
