//! Workers, BigQuery, other sessions and the clock. What happens next follows from the attempt, its log and the case
//! alone, so that a world goes on after a crash as it would have without.

use std::cell::RefCell;

use himekuri_coordinator::{
    ExpressionLimits, ProjectRevision, ScriptEvaluator, SessionChoice, plan_attempt, plan_sessions,
};
use himekuri_engine::{
    Attempt, Context, KillReason, Phase, Record, Reported, Required, RequiredAnswer, RequiredState,
    log_violations, violations,
};
use himekuri_protocol::{
    AttemptId, Document, JobReference, Outcome, PROTOCOL_VERSION, Report, TaskError, TaskId, TryNo,
    Work,
};
use himekuri_workflow::{ProjectFiles, compile_workflow};
use jiff::civil::date;
use jiff::{SignedDuration, Timestamp};

use crate::answer::{Answer, End, SessionAnswer};
use crate::case::Case;

/// No case has so many steps.
const STEPS_MAX: usize = 10_000;

thread_local! {
    /// It keeps nothing from one evaluation to the next, and takes long to start.
    static EVALUATOR: RefCell<ScriptEvaluator> =
        RefCell::new(ScriptEvaluator::new(ExpressionLimits::default()).unwrap());
}

/// A running case.
pub struct World {
    case: Case,
    /// The attempt.
    pub attempt: Attempt,
    /// Its log.
    pub log: Vec<Record>,
    /// What was sent to workers, by the place of its record in the log.
    pub sent: Vec<(usize, Work)>,
    /// Lengths of the log at which something was committed, with the time.
    pub commits: Vec<(usize, Timestamp)>,
    now: Timestamp,
    last_report: Option<Report>,
    /// The report of the last step: it counts as acknowledged when the next step begins.
    unacknowledged: Option<Report>,
}

impl World {
    /// The case at its start.
    ///
    /// # Panics
    /// When the workflow does not compile.
    #[must_use]
    pub fn new(case: &Case) -> Self {
        let compiled = compile_workflow(&case.files, "wf");
        let workflow = compiled.unwrap_or_else(|problems| panic!("{}: {problems}", case.name));
        let day = date(2019, 9, 2);
        let at = "2019-09-02T07:00:00Z".parse().unwrap();
        let sessions = plan_sessions(&workflow, SessionChoice { from: day, to: day }, at).unwrap();
        let session = sessions.into_iter().next().unwrap();
        let revision = ProjectRevision {
            project: "title".to_owned(),
            revision: "r1".to_owned(),
            gcp_project: None,
            files: case.files.clone(),
        };
        let (params, overrides) = (case.params.clone(), case.overrides.clone());
        let started = plan_attempt(&revision, &workflow, session, params, overrides);
        let log = vec![Record::AttemptStarted(Box::new(started.clone()))];
        let mut world = Self::with(case, Attempt::begin(started), log);
        world.advance();
        world
    }

    /// The case after a crash that left `log`: the attempt is rebuilt from what the store holds, and told nothing else.
    ///
    /// # Panics
    /// When the log does not replay.
    #[must_use]
    pub fn recovered(&self, length: usize) -> Self {
        let log: Vec<Record> = self.log[..length].to_vec();
        let stored = log.iter().map(|record| serde_json::to_string(record).unwrap());
        let read = stored.map(|json| serde_json::from_str(&json).unwrap());
        let attempt = Attempt::replay(read).unwrap();
        let mut world = Self::with(&self.case, attempt, log);
        world.sent = self.sent.iter().filter(|(place, _)| *place < length).cloned().collect();
        world
    }

    fn with(case: &Case, attempt: Attempt, log: Vec<Record>) -> Self {
        let now = log.iter().filter_map(at).max().unwrap();
        Self {
            case: case.clone(),
            attempt,
            log,
            sent: Vec::new(),
            commits: Vec::new(),
            now,
            last_report: None,
            unacknowledged: None,
        }
    }

    /// What a new coordinator does first, and a worker whose last report was never acknowledged.
    pub fn go_on(&mut self, unacknowledged: Option<&Report>) {
        self.advance();
        if let Some(report) = unacknowledged {
            self.decide_report(report);
        }
    }

    /// The report that the last step took in, if it took one: after a crash it comes again.
    #[must_use]
    pub fn unacknowledged(&self) -> Option<&Report> {
        self.unacknowledged.as_ref()
    }

    /// Goes on to the end of the attempt; `after_each` sees it after each verb.
    ///
    /// # Panics
    /// When it does not end, or when anything that comes twice or late changes it.
    pub fn run(&mut self, mut after_each: impl FnMut(&Self)) {
        for _ in 0..STEPS_MAX {
            after_each(self);
            assert_eq!(violations(&self.attempt), [], "{}", self.case.name);
            if self.attempt.outcome().is_some() {
                assert_eq!(log_violations(&self.log), [], "{}", self.case.name);
                return;
            }
            self.step();
            self.repeat();
        }
        panic!("{} does not end:\n{}", self.case.name, himekuri_engine::render_tree(&self.attempt));
    }

    fn step(&mut self) {
        self.unacknowledged = None;
        let kill = self.kill_at();
        if kill.is_some_and(|at| at <= self.now) {
            let reason = KillReason::Requested { by: None };
            self.decide(|attempt, now, context| attempt.kill(reason, now, context));
            return;
        }
        let again = self.attempt.due_again(self.now).first().copied();
        if let Some(task) = again.or_else(|| self.attempt.dispatchable().next()) {
            self.send(task);
            return;
        }
        let answer = self.next_answer();
        let report = self.next_report();
        if let Some((due, asked, answer)) = &answer
            && *due <= self.now
        {
            let (asked, answer) = (asked.clone(), answer.clone());
            self.decide(|attempt, now, context| attempt.required(&asked, answer, now, context));
            return;
        }
        if let Some((due, report)) = &report
            && *due <= self.now
        {
            self.decide_report(report);
            self.last_report = Some(report.clone());
            self.unacknowledged = Some(report.clone());
            return;
        }
        let events = [
            answer.map(|(due, ..)| due),
            report.map(|(due, _)| due),
            self.attempt.next_deadline(),
            kill,
        ];
        let next = events.into_iter().flatten().min();
        let next = next.unwrap_or_else(|| {
            let tree = himekuri_engine::render_tree(&self.attempt);
            panic!("{}: nobody moves the attempt on:\n{tree}", self.case.name)
        });
        self.now = self.now.max(next);
        self.decide(|attempt, now, context| attempt.tick(now, context));
    }

    /// Everything comes twice, and what is decided comes late: nothing of it may change the attempt.
    fn repeat(&mut self) {
        let length = self.log.len();
        let Some(report) = self.last_report.clone() else { return };
        // Of a try that went out again nobody can tell which of its deliveries could not ask.
        let is_last = match &report.outcome {
            Outcome::Unreachable { .. } | Outcome::NotYet => false,
            Outcome::Succeeded { .. }
            | Outcome::Fetched { .. }
            | Outcome::Failed { .. }
            | Outcome::Submitted { .. } => true,
        };
        if is_last || self.unacknowledged.is_some() {
            self.decide_report(&report);
        }
        let contrary = match &report.outcome {
            Outcome::Succeeded { .. } | Outcome::Fetched { .. } => failed("late"),
            Outcome::Failed { .. }
            | Outcome::Submitted { .. }
            | Outcome::Unreachable { .. }
            | Outcome::NotYet => {
                Outcome::Succeeded { store_params: serde_json::Map::new(), job: None }
            }
        };
        let task = self.attempt.task(report.task);
        let current = task.and_then(|task| task.last_try).is_some_and(|last| last == report.try_no);
        if !current {
            self.decide_report(&Report { outcome: contrary, ..report });
        }
        assert_eq!(self.log.len(), length, "{}: a report that came twice counted", self.case.name);
    }

    fn advance(&mut self) {
        self.decide(|attempt, now, context| attempt.advance(now, context));
    }

    fn send(&mut self, task: TaskId) {
        match with_context(&self.case, |context| self.attempt.prepare(task, context)) {
            Ok(prepared) => {
                let dispatch = self.attempt.dispatch(prepared, self.now).unwrap();
                self.sent.push((self.log.len(), dispatch.message.work));
                self.log.extend(dispatch.records);
                self.commits.push((self.log.len(), self.now));
            }
            Err(error) => {
                self.decide(|attempt, now, context| attempt.refuse(task, error, now, context));
            }
        }
    }

    fn decide_report(&mut self, report: &Report) {
        let report = report.clone();
        self.decide(|attempt, now, context| {
            Ok(match attempt.report(&report, now, context)? {
                Reported::Decided(records) => records,
                Reported::Late => Vec::new(),
            })
        });
    }

    fn decide(
        &mut self,
        verb: impl FnOnce(
            &mut Attempt,
            Timestamp,
            &mut Context<'_>,
        ) -> Result<Vec<Record>, himekuri_engine::ReplayError>,
    ) {
        let (attempt, now) = (&mut self.attempt, self.now);
        let records = with_context(&self.case, |context| verb(attempt, now, context));
        let records = records.unwrap_or_else(|defect| panic!("{}: {defect}", self.case.name));
        if !records.is_empty() {
            self.log.extend(records);
            self.commits.push((self.log.len(), self.now));
        }
    }

    fn kill_at(&self) -> Option<Timestamp> {
        let after = self.case.kill_after.filter(|_| self.attempt.killed().is_none())?;
        self.attempt.started().at.checked_add(SignedDuration::from_secs(after)).ok()
    }

    /// The report that comes next, and when.
    fn next_report(&self) -> Option<(Timestamp, Report)> {
        let reports = self.attempt.running().filter_map(|(task, try_no, phase)| {
            let answer = self.answer(&task.full_name, try_no);
            let files = &self.case.files;
            let (since, was_unreachable) = self.sent_at(task.id, try_no);
            let end = since.checked_add(SignedDuration::from_secs(answer.after)).unwrap();
            let first = !was_unreachable;
            let (due, outcome) = match phase {
                Phase::Unreachable { .. } => return None,
                Phase::Canceling { at, .. } => (*at, failed("cancelled")),
                Phase::Dispatched if first && answer.silent => return None,
                Phase::Dispatched if first && answer.lost => (since, unreachable()),
                Phase::Dispatched if answer.slow => (since, submitted(&task.full_name, try_no)),
                Phase::Dispatched | Phase::Submitted { .. } => (end, ended(answer.end, files)),
            };
            Some((due, self.report(task.id, try_no, outcome)))
        });
        reports.min_by_key(|(due, report)| (*due, report.task))
    }

    fn report(&self, task: TaskId, try_no: TryNo, outcome: Outcome) -> Report {
        Report {
            version: PROTOCOL_VERSION,
            attempt: AttemptId(0),
            task,
            try_no,
            task_name: None,
            worker: "compat".to_owned(),
            outcome,
        }
    }

    fn answer(&self, task: &str, try_no: TryNo) -> Answer {
        let Some(answers) = self.case.answers.get(task) else {
            return Answer::default();
        };
        let place = usize::try_from(try_no.0 - 1).unwrap();
        answers.get(place).or(answers.last()).cloned().unwrap_or_default()
    }

    /// When the current message of a try went out, and whether BigQuery could not be asked about the try before.
    fn sent_at(&self, task: TaskId, try_no: TryNo) -> (Timestamp, bool) {
        let (mut since, mut unreachable) = (None, false);
        for record in &self.log {
            match record {
                Record::Dispatched { task: of, try_no: tried, at, .. } if *of == task => {
                    unreachable &= since.is_some() && *tried == try_no;
                    since = Some(*at);
                }
                Record::Unreachable { task: of, .. } if *of == task => unreachable = true,
                _ => {}
            }
        }
        (since.unwrap(), unreachable)
    }

    /// What the coordinator finds out next about a required session, and when.
    fn next_answer(&self) -> Option<(Timestamp, Required, RequiredAnswer)> {
        let answers = self.attempt.required_sessions().map(|asked| {
            let named = !asked.requirement.attempt_name.is_empty();
            let session = self.session(&asked.requirement.workflow, named);
            let attempt = AttemptId(if named { 21 } else { 20 });
            let (due, state) = match asked.attempt {
                Some(joined) if joined == attempt => {
                    let wait = SignedDuration::from_secs(session.after);
                    let due = self.joined_at(asked.task).checked_add(wait).unwrap();
                    (due, session_ended(&session))
                }
                Some(_) | None if session.exists && session.after == 0 => {
                    (self.now, session_ended(&session))
                }
                Some(_) | None => (self.now, RequiredState::Running),
            };
            (due, asked, RequiredAnswer::Attempt { attempt, kicked: !session.exists, state })
        });
        answers.min_by_key(|(due, asked, _)| (*due, asked.task))
    }

    fn session(&self, workflow: &str, named: bool) -> SessionAnswer {
        let answers = self.case.sessions.get(workflow);
        let answers = answers.unwrap_or_else(|| panic!("no answer for session {workflow}"));
        answers.get(usize::from(named)).or(answers.last()).cloned().unwrap()
    }

    fn joined_at(&self, task: TaskId) -> Timestamp {
        let joined = self.log.iter().rev().find_map(|record| match record {
            Record::Joined { task: of, at, .. } if *of == task => Some(*at),
            _ => None,
        });
        joined.unwrap()
    }

    /// The time, `seconds` after the attempt's start.
    #[must_use]
    pub fn seconds(&self, at: Timestamp) -> i64 {
        at.duration_since(self.attempt.started().at).as_secs()
    }

    /// The case.
    #[must_use]
    pub fn case(&self) -> &Case {
        &self.case
    }
}

fn with_context<T>(case: &Case, act: impl FnOnce(&mut Context<'_>) -> T) -> T {
    EVALUATOR.with_borrow_mut(|evaluator| act(&mut Context { files: &case.files, evaluator }))
}

/// When a record was decided.
fn at(record: &Record) -> Option<Timestamp> {
    let json = serde_json::to_value(record).unwrap();
    json.get("at")?.as_str()?.parse().ok()
}

fn session_ended(session: &SessionAnswer) -> RequiredState {
    if session.succeeds {
        RequiredState::Success
    } else {
        RequiredState::Error { message: "broken".to_owned() }
    }
}

fn ended(end: End, files: &ProjectFiles) -> Outcome {
    match end {
        End::Document(file) => {
            let media_type = "application/x-yaml".to_owned();
            let text = files.text(&file).unwrap().to_owned();
            Outcome::Fetched { document: Document { media_type, text } }
        }
        End::Ok(store_params) => Outcome::Succeeded { store_params, job: None },
        End::Fail(message) => failed(&message),
    }
}

fn failed(message: &str) -> Outcome {
    Outcome::Failed { error: error(message) }
}

fn unreachable() -> Outcome {
    Outcome::Unreachable { error: error("no answer") }
}

fn submitted(task: &str, try_no: TryNo) -> Outcome {
    let job_id = format!("{task}_{try_no}");
    Outcome::Submitted { job: JobReference { project: None, location: None, job_id } }
}

fn error(message: &str) -> TaskError {
    TaskError { reason: "test".to_owned(), message: message.to_owned(), job: None }
}
