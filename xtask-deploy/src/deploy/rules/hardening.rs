//! Rules for every pod of ours, so that none runs as root, without limits, or without probes.

use k8s_openapi::api::core::v1::Container;

use super::Audit;
use crate::deploy::pod::Pod;

/// Checks the rules for a pod as a whole.
pub(super) fn check_pod(audit: &mut Audit, pod: &Pod<'_>) {
    let (object, spec) = (pod.object, &pod.spec);
    audit.must(spec.enable_service_links == Some(false), || {
        format!("{object}: enableServiceLinks is not false, so variables of services get among the settings")
    });
    audit.must(spec.automount_service_account_token == Some(false), || {
        format!("{object}: automountServiceAccountToken is not false, and nothing here speaks to the API server")
    });
    let profile = spec
        .security_context
        .as_ref()
        .and_then(|context| context.seccomp_profile.as_ref())
        .map(|profile| profile.type_.as_str());
    audit.must(profile == Some("RuntimeDefault"), || {
        format!("{object}: seccompProfile is not RuntimeDefault")
    });
}

/// Checks the rules for any container, including init containers.
pub(super) fn check_container(
    audit: &mut Audit,
    place: &str,
    pod: &Pod<'_>,
    container: &Container,
) {
    let own = container.security_context.clone().unwrap_or_default();
    let of_pod = pod.spec.security_context.as_ref();
    let is_user = own
        .run_as_non_root
        .or_else(|| of_pod.and_then(|context| context.run_as_non_root));
    audit.must(is_user == Some(true), || {
        format!("{place}: runAsNonRoot is not true")
    });
    audit.must(own.read_only_root_filesystem == Some(true), || {
        format!("{place}: readOnlyRootFilesystem is not true")
    });
    audit.must(own.allow_privilege_escalation == Some(false), || {
        format!("{place}: allowPrivilegeEscalation is not false")
    });
    let drops = own.capabilities.and_then(|capabilities| capabilities.drop);
    audit.must(drops == Some(vec!["ALL".to_owned()]), || {
        format!("{place}: capabilities are not dropped, ALL of them")
    });
}

/// Checks the rules for a container that runs as long as its pod.
pub(super) fn check_probes(audit: &mut Audit, place: &str, container: &Container) {
    for (what, probe) in [
        ("livenessProbe", &container.liveness_probe),
        ("readinessProbe", &container.readiness_probe),
    ] {
        audit.must(probe.is_some(), || format!("{place}: there is no {what}"));
    }
}
