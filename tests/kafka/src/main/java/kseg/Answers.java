package kseg;

import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * A program that answers standard input line by line: a folder, then NAME=VALUE words (no blanks in any of them). What
 * it throws is an answer too: {@code error CLASS MESSAGE}. So one JVM serves any number of questions.
 */
final class Answers {
    interface Answer {
        /** @param words may be changed */
        String to(File folder, Map<String, String> words) throws Exception;
    }

    private Answers() { }

    static void give(Answer answer) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = in.readLine()) != null;) {
            System.out.println(answer(answer, line.split(" ")));
            System.out.flush();
        }
    }

    /** The number that is there under this name, which is then gone. */
    static long take(Map<String, String> words, String name) {
        return Long.parseLong(words.remove(name));
    }

    private static String answer(Answer answer, String[] line) {
        try {
            Map<String, String> words = new HashMap<>();
            for (int i = 1; i < line.length; i++) {
                int equals = line[i].indexOf('=');
                words.put(line[i].substring(0, equals), line[i].substring(equals + 1));
            }
            return answer.to(new File(line[0]), words);
        } catch (Exception | Error e) {
            return "error " + e.getClass().getSimpleName() + " " + String.valueOf(e.getMessage()).replace('\n', ' ');
        }
    }
}
