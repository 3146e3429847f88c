//! The coordinator as its callers see it: push, start, look. Used by the HTTP API and, in one process, by `himekuri run`.

use std::sync::Arc;
use std::time::Duration;

use himekuri_broker::{Broker, BrokerError};
use himekuri_engine::{Attempt, Config, Limits, Record, TaskView};
use himekuri_project::{ArchiveError, Limits as ArchiveLimits};
use himekuri_protocol::AttemptId;
use himekuri_store::{AttemptFilter, Creation, Epoch, NewAttempt, Store, StoreError};
use himekuri_workflow::{Diagnostic, Diagnostics, ProjectFiles, Severity, compile_workflow};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::check::{Checked, check};
use crate::driver::{BeginAttempt, Command, Driver, DriverError, DriverParts, Event};
use crate::intake;
use crate::leader::{self, Leadership};
use crate::revision::ProjectRevision;
use crate::session::{SessionChoice, SessionError, plan_sessions};
use crate::summary::{AttemptState, AttemptSummary};

/// Settings of a coordinator.
#[derive(Clone, Debug)]
pub struct CoordinatorConfig {
    /// Name of this process in the lease and in logs.
    pub name: String,
    /// How much may be out at once.
    pub limits: Limits,
    /// How often submitted jobs are looked at.
    pub watch_every: Duration,
    /// How long the lease lasts without renewal: a dead leader is replaced within this and one look of the standby.
    pub lease: Duration,
    /// Added to the numbers of attempts. A pool whose store lives as long as its BigQuery project needs 0; a run whose
    /// store is gone afterwards needs a base that no earlier run had, or it would meet its old job ids (design D5).
    pub number_base: u32,
}

impl Default for CoordinatorConfig {
    fn default() -> Self {
        Self {
            name: format!("coordinator-{}", uuid::Uuid::new_v4().simple()),
            limits: Limits::default(),
            watch_every: Duration::from_secs(5),
            lease: Duration::from_secs(6),
            number_base: 0,
        }
    }
}

/// A pushed project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectRecord {
    /// Name: the title.
    pub name: String,
    /// Hash of the files.
    pub revision: String,
    /// GCP project of the title's jobs.
    pub gcp_project: Option<String>,
    /// When it was pushed.
    pub pushed_at: Timestamp,
    /// Its workflows.
    pub workflows: Vec<String>,
}

/// Sessions to start.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StartRequest {
    /// Project.
    pub project: String,
    /// Workflow.
    pub workflow: String,
    /// Session dates.
    #[serde(flatten)]
    pub sessions: SessionChoice,
    /// `-p`.
    #[serde(default)]
    pub params: Config,
    /// `--override`.
    #[serde(default)]
    pub overrides: Config,
    /// Name of the attempt; a second attempt of a session needs one of its own (digdag `--retry NAME`).
    #[serde(default)]
    pub attempt_name: String,
}

/// What became of one session's start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Started {
    /// The new attempt, or the one that was there.
    pub attempt: AttemptId,
    /// Number in the session.
    pub number: u64,
    /// The session.
    pub session_time: Timestamp,
    /// Whether it is new.
    pub created: bool,
}

/// Why a push was refused.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The name cannot be a project's.
    #[error(
        "`{name}` is not a project name: letters, digits, `_`, `-` and `.`, not beginning with a digit or `.`"
    )]
    Name {
        /// As given.
        name: String,
    },
    /// Nobody ever said where its jobs run.
    #[error("where do the jobs of `{name}` run? push it once with `--gcp-project ID`")]
    NoGcpProject {
        /// The project.
        name: String,
    },
    /// The check was broken off.
    #[error("the check of the project ended abnormally")]
    Check(#[source] tokio::task::JoinError),
    /// Not an archive of a project.
    #[error("could not read the archive")]
    Archive(#[source] ArchiveError),
    /// The project has errors.
    #[error("the project has {} errors", .0.len())]
    Invalid(Vec<Diagnostic>),
    /// The JavaScript engine, which reads the expressions, does not start.
    #[error("could not check the project")]
    Script(#[source] himekuri_template::StartError),
    /// The store failed.
    #[error("could not store the revision")]
    Store(#[source] StoreError),
    /// A defect.
    #[error("could not write the project record")]
    Json(#[source] serde_json::Error),
}

/// Why nothing was started, or not everything.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Nobody pushed it.
    #[error("there is no project `{0}`; push it with `himekuri push FOLDER`")]
    UnknownProject(String),
    /// The project has no such file.
    #[error("project `{project}` has no workflow `{workflow}`; it has: {known}")]
    UnknownWorkflow {
        /// Project.
        project: String,
        /// As asked.
        workflow: String,
        /// What there is.
        known: String,
    },
    /// The workflow does not compile.
    #[error(transparent)]
    Compile(#[from] Diagnostics),
    /// No session on these dates.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The store failed.
    #[error("could not read or write the store")]
    Store(#[from] StoreError),
    /// What is stored cannot be read.
    #[error("the stored state cannot be read")]
    Json(#[from] serde_json::Error),
    /// The stored revision cannot be read.
    #[error("the stored revision cannot be read")]
    Archive(#[from] ArchiveError),
    /// The coordinator is stopping.
    #[error("the coordinator is stopping; ask again")]
    Stopping,
}

/// A running coordinator. Cheap to clone.
#[derive(Clone)]
pub struct Coordinator {
    store: Arc<dyn Store>,
    epoch: Epoch,
    number_base: u32,
    commands: mpsc::Sender<Command>,
}

impl Coordinator {
    /// Waits for the lease, takes over all active attempts and drives them until `stop` is cancelled.
    ///
    /// The second value resolves when the driver has ended, with an error if it was deposed. `None` when `stop` was
    /// cancelled before this process led.
    ///
    /// # Errors
    /// The store or the broker cannot be reached.
    pub async fn launch(
        config: CoordinatorConfig,
        store: Arc<dyn Store>,
        broker: Arc<dyn Broker>,
        events: Option<mpsc::UnboundedSender<Event>>,
        stop: CancellationToken,
    ) -> Result<Option<(Self, oneshot::Receiver<Result<(), DriverError>>)>, LaunchError> {
        let Some(epoch) = leader::lead(&store, &config.name, config.lease, &stop).await? else {
            return Ok(None);
        };
        let lease = leader::keep(
            Arc::clone(&store),
            config.name.clone(),
            epoch,
            config.lease,
            stop.clone(),
        );
        let lease = tokio::spawn(lease);
        let (sender, commands) = mpsc::channel(10_000);
        let parts = DriverParts {
            store: Arc::clone(&store),
            broker: Arc::clone(&broker),
            epoch,
            limits: config.limits,
            watch_every: config.watch_every,
            number_base: config.number_base,
            commands,
            sender: sender.clone(),
            events,
            stop: stop.clone(),
        };
        let (ready, ended) = spawn_driver(parts, lease, stop.clone())?;
        // Reports may come only once every attempt is in memory: an unknown one would be taken for a late one.
        match ready.await {
            Ok(()) => intake::start(&broker, &sender, &stop).await?,
            Err(_) => tracing::debug!("the driver ended while taking over"),
        }
        let number_base = config.number_base;
        Ok(Some((Self { store, epoch, number_base, commands: sender }, ended)))
    }

    /// Checks and stores a project's archive; it is what sessions start from now on.
    ///
    /// # Errors
    /// See [`PushError`]; nothing is stored then.
    pub async fn push(
        &self,
        name: &str,
        archive: &[u8],
        gcp_project: Option<String>,
    ) -> Result<ProjectRecord, PushError> {
        if !is_project_name(name) {
            return Err(PushError::Name { name: name.to_owned() });
        }
        let gcp_project = match gcp_project {
            Some(given) => given,
            None => self.earlier_gcp_project(name).await?,
        };
        let files = himekuri_project::unpack(archive, ArchiveLimits::default())
            .map_err(PushError::Archive)?;
        let checked = check_aside(files.clone()).await?;
        let problems = checked.problems.into_iter();
        let errors: Vec<Diagnostic> =
            problems.filter(|problem| problem.severity == Severity::Error).collect();
        if !errors.is_empty() {
            return Err(PushError::Invalid(errors));
        }
        let revision = himekuri_project::revision_id(&files);
        // Packed anew: the archive is then the same for the same content, whoever made it.
        let archive = himekuri_project::pack(&files).map_err(PushError::Archive)?;
        self.store.put_revision(&revision, &archive).await.map_err(PushError::Store)?;
        let record = ProjectRecord {
            name: name.to_owned(),
            revision,
            gcp_project: Some(gcp_project),
            pushed_at: Timestamp::now(),
            workflows: checked.workflows.into_iter().map(|workflow| workflow.name).collect(),
        };
        let json = serde_json::to_string(&record).map_err(PushError::Json)?;
        self.store.put_project(name, &json).await.map_err(PushError::Store)?;
        Ok(record)
    }

    /// A later push need not say it again.
    async fn earlier_gcp_project(&self, name: &str) -> Result<String, PushError> {
        let earlier = self.store.project(name).await.map_err(PushError::Store)?;
        let earlier: Option<ProjectRecord> = earlier
            .map(|record| serde_json::from_str(&record))
            .transpose()
            .map_err(PushError::Json)?;
        let known = earlier.and_then(|record| record.gcp_project);
        known.ok_or_else(|| PushError::NoGcpProject { name: name.to_owned() })
    }

    /// Starts the sessions of a workflow on the given dates, oldest first.
    ///
    /// # Errors
    /// See [`StartError`]. Sessions before the failing one are started; asking again finds them.
    pub async fn start(&self, request: &StartRequest) -> Result<Vec<Started>, StartError> {
        let revision = self.revision(&request.project).await?;
        let known = revision.files.workflow_names();
        if !known.contains(&request.workflow.as_str()) {
            return Err(StartError::UnknownWorkflow {
                project: request.project.clone(),
                workflow: request.workflow.clone(),
                known: known.join(", "),
            });
        }
        let workflow = compile_workflow(&revision.files, &request.workflow)?;
        let requested_at = Timestamp::now();
        let mut started = Vec::new();
        for session in plan_sessions(&workflow, request.sessions, requested_at)? {
            let summary = AttemptSummary {
                attempt: AttemptId(0),
                project: revision.project.clone(),
                revision: revision.revision.clone(),
                gcp_project: revision.gcp_project.clone(),
                workflow: workflow.name.clone(),
                session_time: session.session_time,
                now: session.now,
                last_session_time: session.last,
                next_session_time: session.next,
                attempt_name: request.attempt_name.clone(),
                params: request.params.clone(),
                overrides: request.overrides.clone(),
                state: AttemptState::Running,
                requested_at,
                ended_at: None,
                error: None,
            };
            started.push(self.start_one(&revision, summary).await?);
        }
        Ok(started)
    }

    async fn start_one(
        &self,
        revision: &ProjectRevision,
        mut summary: AttemptSummary,
    ) -> Result<Started, StartError> {
        let session_time = summary.session_time;
        let request = NewAttempt {
            session_key: summary.session_key(),
            attempt_name: summary.attempt_name.clone(),
            summary: serde_json::to_string(&summary)?,
        };
        let (attempt, number) = match self.store.create_attempt(self.epoch, &request).await? {
            Creation::Exists { attempt, number } => {
                // Perhaps the answer to its creation was lost, and with it its beginning.
                let looked = self.commands.send(Command::Look(attempt)).await;
                looked.map_err(|_| StartError::Stopping)?;
                return Ok(Started { attempt, number, session_time, created: false });
            }
            Creation::Created { attempt, number } => (attempt, number),
        };
        summary.attempt = attempt;
        let begin = BeginAttempt {
            attempt,
            number: u32::try_from(number).unwrap_or(u32::MAX).saturating_add(self.number_base),
            revision: revision.clone(),
            summary,
        };
        let sent = self.commands.send(Command::Begin(Box::new(begin))).await;
        sent.map_err(|_| StartError::Stopping)?;
        Ok(Started { attempt, number, session_time, created: true })
    }

    async fn revision(&self, project: &str) -> Result<ProjectRevision, StartError> {
        let unknown = || StartError::UnknownProject(project.to_owned());
        let record = self.store.project(project).await?.ok_or_else(unknown)?;
        let record: ProjectRecord = serde_json::from_str(&record)?;
        let archive = self.store.revision(&record.revision).await?.ok_or_else(unknown)?;
        Ok(ProjectRevision {
            project: record.name,
            revision: record.revision,
            gcp_project: record.gcp_project,
            files: himekuri_project::unpack(&archive, ArchiveLimits::default())?,
        })
    }

    /// Attempts, newest first.
    ///
    /// # Errors
    /// The store cannot be reached.
    pub async fn attempts(&self, limit: usize) -> Result<Vec<AttemptSummary>, StartError> {
        let filter = AttemptFilter { limit, ..AttemptFilter::default() };
        let found = self.store.attempts(&filter).await?;
        let numbered = found.into_iter().map(|(attempt, json)| {
            let summary: AttemptSummary = serde_json::from_str(&json)?;
            Ok(AttemptSummary { attempt, ..summary })
        });
        numbered.collect()
    }

    /// The tasks of an attempt, from its log.
    ///
    /// # Errors
    /// The store cannot be reached, or has no such attempt.
    pub async fn tasks(&self, attempt: AttemptId) -> Result<Vec<TaskView>, StartError> {
        let log = self.store.log(attempt).await?;
        let log: Vec<Record> =
            log.iter().map(|record| serde_json::from_str(record)).collect::<Result<_, _>>()?;
        if log.is_empty() {
            return Ok(Vec::new());
        }
        match Attempt::replay(log) {
            Ok(attempt) => Ok(attempt.tasks().map(TaskView::of).collect()),
            Err(error) => Err(StartError::Json(serde::de::Error::custom(error))),
        }
    }
}

/// Safe in a URL, a label and a task's log.
fn is_project_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && !name.is_empty()
        && name.chars().all(allowed)
}

/// Checks beside the runtime: it compiles every workflow and expression, and the lease must be renewed meanwhile.
async fn check_aside(files: ProjectFiles) -> Result<Checked, PushError> {
    let checked = tokio::task::spawn_blocking(move || check(&files)).await;
    checked.map_err(PushError::Check)?.map_err(PushError::Script)
}

/// Why a coordinator did not start.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The store cannot be reached.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The broker cannot be reached.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// No thread for the driver.
    #[error("could not start the driver's thread")]
    Thread(#[from] std::io::Error),
}

type DriverEnded = oneshot::Receiver<Result<(), DriverError>>;

/// Runs the driver on a thread of its own: the JavaScript engine does not move between threads. The first channel tells
/// that every attempt is taken over.
fn spawn_driver(
    parts: DriverParts,
    lease: tokio::task::JoinHandle<Leadership>,
    stop: CancellationToken,
) -> std::io::Result<(oneshot::Receiver<()>, DriverEnded)> {
    let (ready_sender, ready) = oneshot::channel();
    let (ended_sender, ended) = oneshot::channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let epoch = parts.epoch;
    std::thread::Builder::new().name("driver".to_owned()).stack_size(8 << 20).spawn(move || {
        // Also when the driver panics: a leader that does nothing must not keep its lease.
        let stopping = stop.drop_guard();
        let result = runtime.block_on(async move {
            let mut driver = Driver::new(parts)?;
            driver.recover_all().await?;
            // Nobody waits any more only when the launch itself was given up.
            let _given_up = ready_sender.send(());
            driver.run().await
        });
        drop(stopping);
        // The lease is given back before anybody hears of the end.
        let result = match runtime.block_on(lease) {
            Ok(Leadership::Lost) => result.and(Err(DriverError::Deposed { epoch })),
            Ok(Leadership::GivenBack) | Err(_) => result,
        };
        let _nobody = ended_sender.send(result);
    })?;
    Ok((ready, ended))
}
