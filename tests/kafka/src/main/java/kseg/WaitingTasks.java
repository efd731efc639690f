package kseg;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Delayed;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.server.util.Scheduler;

/** Keeps one-off tasks (the unlinks that a broker delays by a minute) until asked; never runs periodic ones. */
final class WaitingTasks implements Scheduler {
    private final List<Runnable> waiting = new ArrayList<>();

    @Override public void startup() { }

    @Override public void shutdown() { }

    @Override public void resizeThreadPool(int size) { }

    @Override public synchronized ScheduledFuture<?> schedule(String name, Runnable task, long delayMs, long periodMs) {
        if (periodMs < 0) waiting.add(task);
        return new Scheduled();
    }

    synchronized void runAll() {
        while (!waiting.isEmpty()) waiting.remove(0).run();
    }

    private static final class Scheduled extends CompletableFuture<Void> implements ScheduledFuture<Void> {
        @Override public long getDelay(TimeUnit unit) {
            return 0;
        }

        @Override public int compareTo(Delayed other) {
            return 0;
        }
    }
}
