package kseg;

import java.util.function.Supplier;
import org.apache.kafka.common.utils.Time;

/** Always tells the same time. */
record StoppedClock(long now) implements Time {
    @Override public long milliseconds() {
        return now;
    }

    @Override public long nanoseconds() {
        return now * 1_000_000;
    }

    @Override public void sleep(long howLong) { }

    @Override public void waitObject(Object object, Supplier<Boolean> condition, long deadline) {
        throw new UnsupportedOperationException("time does not pass");
    }
}
