package kseg;

import java.io.BufferedOutputStream;
import java.io.File;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.tools.DumpLogSegments;

/**
 * Kafka's own dump tool, run once a line of standard input: the folder that gets what it says, in files {@code stdout}
 * and {@code stderr}, then its arguments as {@code 0=--files 1=…} with {@code %20} for a blank and {@code %25} for a
 * percent sign. The answer is {@code done} or {@code error CLASS MESSAGE}, where it would have ended with a stack trace.
 */
public final class Dump {
    private static int runs = 0;

    public static void main(String[] args) throws Exception {
        PrintStream answers = System.out;
        Answers.give((folder, words) -> dump(folder, words, answers));
    }

    private static String dump(File folder, Map<String, String> words, PrintStream answers) throws Exception {
        List<String> arguments = new ArrayList<>();
        for (int i = 0; words.containsKey(String.valueOf(i)); i++) {
            arguments.add(words.get(String.valueOf(i)).replace("%20", " ").replace("%25", "%"));
        }
        PrintStream errors = System.err;
        // The tool does not close what it opened when it fails, nor does it have to.
        if (++runs % 200 == 0) System.gc();
        try (PrintStream out = to(folder, "stdout"); PrintStream err = to(folder, "stderr")) {
            System.setOut(out);
            System.setErr(err);
            DumpLogSegments.main(arguments.toArray(new String[0]));
            return "done";
        } finally {
            System.setOut(answers);
            System.setErr(errors);
        }
    }

    private static PrintStream to(File folder, String name) throws Exception {
        return new PrintStream(new BufferedOutputStream(new FileOutputStream(new File(folder, name))), false, StandardCharsets.UTF_8);
    }
}
