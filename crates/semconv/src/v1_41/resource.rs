//! Attributes of a resource: the entity that emits telemetry.

attributes! {
    /// The logical name of the service.
    SERVICE_NAME = "service.name";
    /// The namespace of [`SERVICE_NAME`].
    SERVICE_NAMESPACE = "service.namespace";
    /// The version of the service.
    SERVICE_VERSION = "service.version";
    /// Unique for each instance of the service: a UUID.
    SERVICE_INSTANCE_ID = "service.instance.id";
    /// `production`, `staging`, `development`.
    DEPLOYMENT_ENVIRONMENT_NAME = "deployment.environment.name";
    /// The name of the SDK.
    TELEMETRY_SDK_NAME = "telemetry.sdk.name";
    /// Its language.
    TELEMETRY_SDK_LANGUAGE = "telemetry.sdk.language";
    /// Its version.
    TELEMETRY_SDK_VERSION = "telemetry.sdk.version";
    /// The name of the distribution around the SDK.
    TELEMETRY_DISTRO_NAME = "telemetry.distro.name";
    /// Its version.
    TELEMETRY_DISTRO_VERSION = "telemetry.distro.version";
    /// `linux`, `darwin`.
    OS_TYPE = "os.type";
    /// The version of the operating system.
    OS_VERSION = "os.version";
    /// The name of the machine.
    HOST_NAME = "host.name";
    /// `amd64`, `arm64`.
    HOST_ARCH = "host.arch";
    /// The process id (int).
    PROCESS_PID = "process.pid";
    /// The name of the program.
    PROCESS_EXECUTABLE_NAME = "process.executable.name";
    /// The path of the program.
    PROCESS_EXECUTABLE_PATH = "process.executable.path";
    /// When the process started, ISO 8601.
    PROCESS_CREATION_TIME = "process.creation.time";
    /// The user the process belongs to.
    PROCESS_OWNER = "process.owner";
    /// The name of the runtime.
    PROCESS_RUNTIME_NAME = "process.runtime.name";
    /// Its version.
    PROCESS_RUNTIME_VERSION = "process.runtime.version";
    /// The cluster.
    K8S_CLUSTER_NAME = "k8s.cluster.name";
    /// The namespace.
    K8S_NAMESPACE_NAME = "k8s.namespace.name";
    /// The node.
    K8S_NODE_NAME = "k8s.node.name";
    /// The pod.
    K8S_POD_NAME = "k8s.pod.name";
    /// The pod's unique id.
    K8S_POD_UID = "k8s.pod.uid";
    /// The pod's address.
    K8S_POD_IP = "k8s.pod.ip";
    /// The container in the pod.
    K8S_CONTAINER_NAME = "k8s.container.name";
    /// The deployment the pod belongs to.
    K8S_DEPLOYMENT_NAME = "k8s.deployment.name";
}
