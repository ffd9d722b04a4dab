//! Faults of manifests and of configs that `deploy` must detect.

use xtask::check::{Answer::Violation, Mutant};

const APP: &str = "deploy/k8s/base/app.yaml";
const COLLECTOR: &str = "deploy/k8s/base/collector.yaml";
const POLICY: &str = "deploy/k8s/base/policy.yaml";
const CONFIG: &str = "deploy/collector/central.yaml";
const OVERLAY: &str = "deploy/k8s/overlays/quiet/kustomization.yaml";

/// Objects that the Kubernetes API would reject.
pub(crate) const OBJECT_MUTANTS: &[Mutant] = &[
    Mutant {
        fault: "a field of a pod is misspelt",
        apply: |tree| tree.replace(APP, "livenessProbe:", "livenesProbe:"),
        answer: Violation("there is no field spec.template.spec.containers.0.livenesProbe"),
    },
    Mutant {
        fault: "a field of a service is misspelt",
        apply: |tree| tree.replace(APP, "targetPort: http", "targetport: http"),
        answer: Violation("there is no field spec.ports.0.targetport"),
    },
    Mutant {
        fault: "a number is a word",
        apply: |tree| tree.replace(APP, "replicas: 2", "replicas: two"),
        answer: Violation("the API does not take it"),
    },
    Mutant {
        fault: "an object is of a version that is gone",
        apply: |tree| {
            tree.replace(
                APP,
                "apiVersion: policy/v1\n",
                "apiVersion: policy/v1beta1\n",
            )
        },
        answer: Violation("policy/v1beta1 PodDisruptionBudget is nothing that this check knows"),
    },
    Mutant {
        fault: "a kustomization names a file that is not there",
        apply: |tree| tree.remove(POLICY),
        answer: Violation("deploy/k8s/base does not render"),
    },
    Mutant {
        fault: "a kustomization holds nothing",
        apply: |tree| {
            let empty = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: []\nconfigMapGenerator: []\n";
            tree.write("deploy/k8s/overlays/empty/kustomization.yaml", empty)
        },
        answer: Violation("deploy/k8s/overlays/empty renders to nothing"),
    },
    Mutant {
        fault: "an overlay lost what its component changes",
        apply: |tree| {
            let file = "deploy/k8s/components/quiet/kustomization.yaml";
            tree.replace(file, "name: collector", "name: colector")?;
            tree.replace(OVERLAY, "components:\n  - ../../components/quiet\n", "")
        },
        answer: Violation("no kustomization uses this component"),
    },
];

/// Names of things that do not exist.
pub(crate) const REFERENCE_MUTANTS: &[Mutant] = &[
    Mutant {
        fault: "an image of ours does not exist",
        apply: |tree| tree.replace(APP, "glassbox/lab-app:0.1.0", "glassbox/lab-ap:0.1.0"),
        answer: Violation("there is no image glassbox/lab-ap:0.1.0"),
    },
    Mutant {
        fault: "an image of ours is of another version",
        apply: |tree| tree.replace(APP, "glassbox/lab-app:0.1.0", "glassbox/lab-app:0.2.0"),
        answer: Violation("there is no image glassbox/lab-app:0.2.0"),
    },
    Mutant {
        fault: "an image is whatever is newest",
        apply: |tree| tree.replace(APP, "glassbox/lab-app:0.1.0", "redis:latest"),
        answer: Violation("the image redis:latest names no version"),
    },
    Mutant {
        fault: "the collector is not the one that is described",
        apply: |tree| {
            tree.replace(
                COLLECTOR,
                "glassbox/otelcol:0.159.0",
                "glassbox/otelcol:0.1.0",
            )
        },
        answer: Violation("is not the collector"),
    },
    Mutant {
        fault: "a port is open that nobody listens on",
        apply: |tree| tree.replace(APP, "containerPort: 8080", "containerPort: 8081"),
        answer: Violation("nothing of glassbox/lab-app:0.1.0 listens on 8081"),
    },
    Mutant {
        fault: "a collector listens elsewhere",
        apply: |tree| tree.replace(CONFIG, "0.0.0.0:4318", "0.0.0.0:4319"),
        answer: Violation("listens on 4318"),
    },
    Mutant {
        fault: "a collector listens inside of its pod alone",
        apply: |tree| tree.replace(CONFIG, "0.0.0.0:13133", "127.0.0.1:13133"),
        answer: Violation("listens on 13133"),
    },
    Mutant {
        fault: "an image opens a port that nothing in it listens on",
        apply: |tree| tree.replace("deploy/images/Dockerfile", "0.0.0.0:8080", "0.0.0.0:9090"),
        answer: Violation("the stage `service` opens 8080, and sets nothing to listen there"),
    },
    Mutant {
        fault: "a probe asks for a path that nobody serves",
        apply: |tree| tree.replace(APP, "path: /ready", "path: /readyz"),
        answer: Violation("readinessProbe: the program does not serve /readyz"),
    },
    Mutant {
        fault: "the code serves a path no longer",
        apply: |tree| {
            tree.replace(
                "crates/app/src/main.rs",
                "\"/health\" | \"/ready\"",
                "\"/health\"",
            )
        },
        answer: Violation("the program does not serve /ready"),
    },
    Mutant {
        fault: "a probe asks a port that the container does not have",
        apply: |tree| {
            tree.replace(
                APP,
                "path: /ready\n              port: http",
                "path: /ready\n              port: https",
            )
        },
        answer: Violation("readinessProbe: the container has no port `https`"),
    },
    Mutant {
        fault: "a variable is set that nobody reads",
        apply: |tree| tree.replace(APP, "name: LAB_ENDPOINT", "name: LAB_ENDPONT"),
        answer: Violation("nothing that runs there reads LAB_ENDPONT"),
    },
    Mutant {
        fault: "the code reads a variable no longer",
        apply: |tree| tree.replace("crates/app/src/main.rs", "LAB_ENDPOINT", "LAB_TARGET"),
        answer: Violation("nothing that runs there reads LAB_ENDPOINT"),
    },
    Mutant {
        fault: "a variable is made of one that is not set",
        apply: |tree| tree.replace(APP, "$(TOKEN)", "$(TOKENS)"),
        answer: Violation("LAB_ENDPOINT is made of $(TOKENS), which is not set before it"),
    },
    Mutant {
        fault: "a settings file has a key that no program knows",
        apply: |tree| tree.replace("deploy/k8s/base/lab.toml", "serves", "servs"),
        answer: Violation("nothing that runs there has a setting servs"),
    },
    Mutant {
        fault: "a config reads a variable that nobody sets",
        apply: |tree| tree.replace(CONFIG, "${env:LAB_VERBOSITY:-basic}", "${env:LAB_LOUDNESS}"),
        answer: Violation("central.yaml reads LAB_LOUDNESS, which is not set and has no default"),
    },
    Mutant {
        fault: "telemetry is sent to a service that does not exist",
        apply: |tree| tree.replace(APP, "@collector:4318", "@colector:4318"),
        answer: Violation("LAB_ENDPOINT leads to the service lab/colector, which is not there"),
    },
    Mutant {
        fault: "telemetry is sent to a port that the service does not have",
        apply: |tree| tree.replace(APP, "@collector:4318", "@collector:4317"),
        answer: Violation("LAB_ENDPOINT leads to port 4317"),
    },
    Mutant {
        fault: "a secret is made by nobody",
        apply: |tree| tree.replace(APP, "name: lab-token", "name: lab-tokens"),
        answer: Violation("no secret lab-tokens has token"),
    },
    Mutant {
        fault: "the guide makes a secret without its key",
        apply: |tree| tree.replace("docs/guides/kubernetes.md", "=token=", "=tokens="),
        answer: Violation("no secret lab-token has token"),
    },
    Mutant {
        fault: "a pod is labelled as another version than that of its image",
        apply: |tree| {
            tree.replace(
                APP,
                "      labels:\n        name: app",
                "      labels:\n        app.kubernetes.io/version: 0.2.0\n        name: app",
            )
        },
        answer: Violation("it is labelled as version 0.2.0, and none of its images is"),
    },
    Mutant {
        fault: "the guide makes a secret in another namespace",
        apply: |tree| tree.replace("docs/guides/kubernetes.md", "--namespace lab ", "-n labs "),
        answer: Violation("no secret lab-token has token"),
    },
    Mutant {
        fault: "a config map is not there",
        apply: |tree| {
            tree.replace(
                "deploy/collector/kustomization.yaml",
                "collector-config",
                "config",
            )
        },
        answer: Violation("there is no config map collector-config"),
    },
    Mutant {
        fault: "a collector reads a file that its config map does not have",
        apply: |tree| tree.replace(COLLECTOR, "otelcol/central.yaml", "otelcol/centre.yaml"),
        answer: Violation("has no centre.yaml"),
    },
    Mutant {
        fault: "a volume is mounted that the pod does not have",
        apply: |tree| {
            tree.replace(
                COLLECTOR,
                "- name: config\n              mount",
                "- name: configs\n              mount",
            )
        },
        answer: Violation("there is no volume configs"),
    },
    Mutant {
        fault: "a service selects nothing",
        apply: |tree| {
            tree.replace(
                COLLECTOR,
                "spec:\n  selector:\n    name: collector",
                "spec:\n  selector:\n    name: colector",
            )
        },
        answer: Violation("Service lab/collector: its selector finds no pod"),
    },
    Mutant {
        fault: "a service leads to a port that its pods do not have",
        apply: |tree| tree.replace(APP, "targetPort: http", "targetPort: https"),
        answer: Violation("Service lab/app: Deployment lab/app has no port `https`"),
    },
    Mutant {
        fault: "a deployment does not select its own pods",
        apply: |tree| {
            tree.replace(
                APP,
                "      labels:\n        name: app",
                "      labels:\n        name: apps",
            )
        },
        answer: Violation("its selector does not find the pods of its own template"),
    },
    Mutant {
        fault: "a disruption budget is for nothing",
        apply: |tree| {
            tree.replace(
                APP,
                "  maxUnavailable: 1\n  selector:\n    matchLabels:\n      name: app",
                "  maxUnavailable: 1\n  selector:\n    matchLabels:\n      name: apps",
            )
        },
        answer: Violation("PodDisruptionBudget lab/app: its selector finds no pod"),
    },
    Mutant {
        fault: "a policy lets nobody through",
        apply: |tree| tree.replace(POLICY, "name: app\n      ports", "name: apps\n      ports"),
        answer: Violation("nobody is what it lets through"),
    },
    Mutant {
        fault: "a policy opens a port that is none",
        apply: |tree| tree.replace(POLICY, "port: otlp", "port: oltp"),
        answer: Violation("no pod that it is about has the port `oltp`"),
    },
    Mutant {
        fault: "a namespace is not there",
        apply: |tree| {
            tree.remove("deploy/k8s/base/namespace.yaml")?;
            tree.replace(
                "deploy/k8s/base/kustomization.yaml",
                "  - namespace.yaml\n",
                "",
            )
        },
        answer: Violation("there is no namespace lab"),
    },
    Mutant {
        fault: "variables of services get among the settings",
        apply: |tree| tree.replace(APP, "enableServiceLinks: false", "enableServiceLinks: true"),
        answer: Violation("enableServiceLinks is not false"),
    },
    Mutant {
        fault: "a container may be root",
        apply: |tree| tree.replace(APP, "runAsNonRoot: true", "runAsNonRoot: false"),
        answer: Violation("runAsNonRoot is not true"),
    },
    Mutant {
        fault: "a container may write over itself",
        apply: |tree| {
            tree.replace(
                APP,
                "readOnlyRootFilesystem: true",
                "readOnlyRootFilesystem: false",
            )
        },
        answer: Violation("readOnlyRootFilesystem is not true"),
    },
    Mutant {
        fault: "a container may take all of the memory",
        apply: |tree| tree.replace(APP, "              memory: 16Mi\n", ""),
        answer: Violation("resources.limits has no memory"),
    },
    Mutant {
        fault: "a container is given more than it may take",
        apply: |tree| tree.replace(APP, "memory: 8Mi", "memory: 8Gi"),
        answer: Violation("it is given more memory than it may take"),
    },
    Mutant {
        fault: "an amount has letters that mean nothing",
        apply: |tree| tree.replace(APP, "memory: 16Mi", "memory: 16MB"),
        answer: Violation("resources.limits: 16MB is no amount of memory"),
    },
    Mutant {
        fault: "a patch replaces what the file of a deployment says about its resources",
        apply: |tree| {
            let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: every\nspec:\n  template:\n    spec:\n      containers:\n        - name: app\n          resources:\n            limits:\n              memory: 12Mi\n";
            tree.write("deploy/k8s/base/patch.yaml", patch)?;
            tree.replace(
                "deploy/k8s/base/kustomization.yaml",
                "configMapGenerator:",
                "patches:\n  - path: patch.yaml\n    target:\n      kind: Deployment\n      name: app\nconfigMapGenerator:",
            )
        },
        answer: Violation("a patch replaces the resources that its own file says"),
    },
    Mutant {
        fault: "nobody asks whether a container is ready",
        apply: |tree| {
            let old = "          readinessProbe:\n            httpGet:\n              path: /ready\n              port: http\n";
            tree.replace(APP, old, "")
        },
        answer: Violation("there is no readinessProbe"),
    },
];

/// Configs that the collector rejects.
pub(crate) const COLLECTOR_MUTANTS: &[Mutant] = &[
    Mutant {
        fault: "a config has a key that no component knows",
        apply: |tree| tree.replace(CONFIG, "verbosity:", "loudness:"),
        answer: Violation("deploy/collector/central.yaml: the collector refuses it"),
    },
    Mutant {
        fault: "a pipeline names a component that is not configured",
        apply: |tree| tree.replace(CONFIG, "exporters: [debug]", "exporters: [file]"),
        answer: Violation("the collector refuses it"),
    },
    Mutant {
        fault: "a manifest sets a variable to what the config cannot use",
        apply: |tree| tree.replace(COLLECTOR, "value: normal", "value: deafening"),
        answer: Violation(
            "Deployment lab/collector, container collector: the collector refuses its config",
        ),
    },
    Mutant {
        fault: "a layer does not say what it lies over",
        apply: |tree| {
            tree.replace(
                "deploy/collector/quiet.yaml",
                "# otelcol --config central.yaml",
                "# See central.yaml",
            )
        },
        answer: Violation("deploy/collector/quiet.yaml: it has no receivers, and no comment"),
    },
    Mutant {
        fault: "a config map holds what nobody reads",
        apply: |tree| {
            tree.write("deploy/collector/extra.txt", "receivers: 7\n")?;
            let file = "deploy/collector/kustomization.yaml";
            tree.replace(file, "quiet.yaml]", "quiet.yaml, extra.txt]")
        },
        answer: Violation("nothing checks what extra.txt says"),
    },
];
