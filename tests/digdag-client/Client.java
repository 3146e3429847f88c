import com.google.common.base.Optional;
import io.digdag.client.DigdagClient;
import io.digdag.client.api.*;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.InputStream;
import java.time.Instant;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.zip.GZIPInputStream;

/** Does with digdag's own client library what its users do. Ends with 1 at the first answer that is not digdag's. */
public class Client {
  private static final long PATIENCE_MS = 60_000;

  public static void main(String[] arguments) throws Exception {
    int port = Integer.parseInt(arguments[0]);
    File good = new File(arguments[1]);
    File broken = new File(arguments[2]);
    DigdagClient.Builder builder = DigdagClient.builder().host("127.0.0.1").port(port);
    builder.header("Himekuri-Gcp-Project", "title-a");
    builder.header("Authorization", "Bearer " + arguments[3]);
    try (DigdagClient client = builder.build()) {
      told("version", client.getVersion().get("version"));
      must("compatible", client.checkClientVersion("0.9.42").getApiCompatible());

      RestProject project = client.putProjectRevision("title_a", "r1", good);
      must("push: name", project.getName().equals("title_a"));
      must("project by name", client.getProject("title_a").getId().equals(project.getId()));
      must("project by id", client.getProject(project.getId()).getName().equals("title_a"));
      must("projects", client.getProjects().getProjects().size() == 1);
      must("revisions", client.getRevisions(project.getId(), Optional.absent()).getRevisions().size() == 1);
      must("archive", size(client.getProjectArchive(project.getId(), project.getRevision())) > 0);

      must("workflows", client.getWorkflowDefinitions(project.getId()).getWorkflows().size() == 2);
      must("all workflows", client.getWorkflowDefinitions().getWorkflows().size() == 2);
      RestWorkflowDefinition daily = client.getWorkflowDefinition(project.getId(), "daily");
      must("workflow zone", daily.getTimeZone().getId().equals("Asia/Tokyo"));
      must("workflow by id", client.getWorkflowDefinition(daily.getId()).getName().equals("daily"));
      RestWorkflowSessionTime truncated =
          client.getWorkflowTruncatedSessionTime(
              daily.getId(), LocalTimeOrInstant.fromString("2025-06-01T10:00:00"), SessionTimeTruncate.DAY);
      must("truncated", truncated.getSessionTime().toString().equals("2025-06-01T00:00+09:00"));

      RestSchedule schedule = until("schedule", () -> client.getSchedules().getSchedules(), list -> list.size() == 1).get(0);
      must("schedule's workflow", schedule.getWorkflow().getName().equals("daily"));
      must("schedule by id", client.getSchedule(schedule.getId()).getId().equals(schedule.getId()));
      must("schedule by name", client.getSchedule(project.getId(), "daily").getId().equals(schedule.getId()));
      must("disable", client.disableSchedule(schedule.getId()).getDisabledAt().isPresent());
      must("disabled", client.getSchedule(schedule.getId()).getDisabledAt().isPresent());
      must("enable", !client.enableSchedule(schedule.getId()).getDisabledAt().isPresent());
      Instant later = schedule.getNextScheduleTime().toInstant().plusSeconds(3 * 86_400);
      RestScheduleSummary skipped = client.skipSchedulesToTime(schedule.getId(), later, Optional.absent(), false);
      must("skip to time", skipped.getNextScheduleTime().toInstant().equals(later));
      must("skip by count",
          client.skipSchedulesByCount(schedule.getId(), later, 2, Optional.absent(), false)
              .getNextScheduleTime().toInstant().equals(later.plusSeconds(2 * 86_400)));

      RestSessionAttempt started = start(client, daily.getId(), "2025-06-01T00:00:00+09:00", Optional.absent(), Optional.absent());
      must("session time", started.getSessionTime().toString().equals("2025-06-01T00:00+09:00"));
      RestSessionAttempt ended = ended(client, started.getId());
      must("success", ended.getSuccess());
      told("tasks", client.getTasks(started.getId()).getTasks().size());
      for (RestTask task : client.getTasks(started.getId()).getTasks()) {
        must("task " + task.getFullName(), task.getState().equals("success"));
      }
      RestLogFileHandle file = client.getLogFileHandlesOfAttempt(started.getId()).getFiles().get(0);
      String log = text(new GZIPInputStream(client.getLogFile(started.getId(), file)));
      must("log", log.contains("attempt " + started.getId().get() + " began"));

      RestSession session = client.getSession(started.getSessionId());
      must("session", session.getLastAttempt().get().getId().equals(started.getId()));
      must("sessions", client.getSessions().getSessions().size() >= 1);
      must("sessions of project", client.getSessions(project.getId(), "daily").getSessions().size() >= 1);
      must("attempts of session",
          client.getSessionAttempts(session.getId(), Optional.absent(), Optional.absent()).getAttempts().size() == 1);

      try {
        start(client, daily.getId(), "2025-06-01T00:00:00+09:00", Optional.absent(), Optional.absent());
        must("the same session again is a conflict", false);
      } catch (javax.ws.rs.ClientErrorException conflict) {
        must("conflict", conflict.getResponse().getStatus() == 409);
      }

      // Retry everything, under a name.
      RestSessionAttempt again = start(client, daily.getId(), "2025-06-01T00:00:00+09:00", Optional.of("again"), Optional.absent());
      must("another attempt of the session", again.getSessionId().equals(started.getSessionId()));
      must("its name", again.getRetryAttemptName().get().equals("again"));
      must("it succeeds", ended(client, again.getId()).getSuccess());
      must("retries", client.getSessionAttemptRetries(started.getId()).getAttempts().size() == 2);
      must("attempts of project", client.getSessionAttempts("title_a", Optional.absent()).getAttempts().size() == 1);

      // A failing task, a fix, and a retry of what failed.
      RestProject pushed = client.putProjectRevision("title_a", "r2", broken);
      RestWorkflowDefinition fails = client.getWorkflowDefinition(pushed.getId(), "daily");
      RestSessionAttempt failed = start(client, fails.getId(), "2025-06-02T00:00:00+09:00", Optional.absent(), Optional.absent());
      must("error", !ended(client, failed.getId()).getSuccess());
      RestTask cause = client.getTasks(failed.getId()).getTasks().stream()
          .filter(task -> !task.getError().isEmpty()).findFirst().get();
      must("cause", cause.getError().get("message", String.class).contains("on purpose"));
      client.putProjectRevision("title_a", "r3", good);
      RestWorkflowDefinition fixed = client.getWorkflowDefinition(pushed.getId(), "daily");
      RestSessionAttempt resumed = start(client, fixed.getId(), "2025-06-02T00:00:00+09:00", Optional.of("fixed"),
          Optional.of(RestSessionAttemptRequest.ResumeFailed.of(failed.getId())));
      must("resumed", ended(client, resumed.getId()).getSuccess());

      // Kill.
      RestWorkflowDefinition slow = client.getWorkflowDefinition(pushed.getId(), "slow");
      RestSessionAttempt waiting = start(client, slow.getId(), "2025-06-03T00:00:00+09:00", Optional.absent(), Optional.absent());
      client.killSessionAttempt(waiting.getId());
      RestSessionAttempt killed = ended(client, waiting.getId());
      must("killed", killed.getCancelRequested() && !killed.getSuccess());

      // Backfill of two sessions.
      RestSessionAttemptCollection planned =
          client.backfillSchedule(schedule.getId(), Instant.parse("2025-07-01T00:00:00+09:00".replace("+09:00", "Z")).minusSeconds(9 * 3_600),
              "filled", Optional.of(2), false);
      must("backfill", planned.getAttempts().size() == 2);
      until("backfilled", () -> client.getSessionAttempts("title_a", "daily", Optional.absent()).getAttempts(),
          list -> list.stream().filter(one -> one.getRetryAttemptName().or("").equals("filled") && one.getSuccess()).count() == 2);
      System.out.println("digdag's client: all answers are digdag's");
    } catch (javax.ws.rs.ClientErrorException refused) {
      throw new AssertionError(refused.getResponse().readEntity(String.class), refused);
    }
  }

  private static RestSessionAttempt start(
      DigdagClient client, Id workflow, String session, Optional<String> name, Optional<RestSessionAttemptRequest.Resume> resume) {
    RestSessionAttemptRequest request = RestSessionAttemptRequest.builder()
        .workflowId(workflow)
        .sessionTime(java.time.OffsetDateTime.parse(session).toInstant())
        .retryAttemptName(name)
        .resume(resume)
        .params(client.newConfig().set("who", "client"))
        .build();
    return client.startSessionAttempt(request);
  }

  private static RestSessionAttempt ended(DigdagClient client, Id attempt) throws Exception {
    return until("the end of " + attempt.get(), () -> client.getSessionAttempt(attempt), RestSessionAttempt::getDone);
  }

  private static <T> T until(String what, Supplier<T> look, Predicate<T> done) throws Exception {
    long deadline = System.currentTimeMillis() + PATIENCE_MS;
    while (true) {
      T found = look.get();
      if (done.test(found)) {
        told(what, "seen");
        return found;
      }
      if (System.currentTimeMillis() > deadline) {
        throw new AssertionError(what + " did not come: " + found);
      }
      Thread.sleep(100);
    }
  }

  private static void must(String what, boolean holds) {
    if (!holds) {
      throw new AssertionError(what);
    }
    told(what, "ok");
  }

  private static void told(String what, Object answer) {
    System.out.println(what + ": " + answer);
  }

  private static int size(InputStream stream) throws Exception {
    return text(stream).length();
  }

  private static String text(InputStream opened) throws Exception {
    try (InputStream stream = opened) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      byte[] buffer = new byte[8_192];
      for (int read = stream.read(buffer); read >= 0; read = stream.read(buffer)) {
        bytes.write(buffer, 0, read);
      }
      return bytes.toString("UTF-8");
    }
  }
}
