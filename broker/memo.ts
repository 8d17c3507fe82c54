/** Topics that are remembered: a fleet has as many, each asked about at every heartbeat. */
const MAX_TOPICS = 32_768;
/** Longer ones are worked out each time: a stranger's are not worth the memory. */
const MAX_LENGTH = 256;

/** The same answers as `ask`, which must depend on the topic alone; all are forgotten when there are too many. */
export function remembered<T>(ask: (topic: string) => T): (topic: string) => T {
  const answers = new Map<string, T>();
  return topic => {
    const known = answers.get(topic);
    if (known !== undefined) return known;
    const answer = ask(topic);
    if (topic.length <= MAX_LENGTH && answer !== undefined) {
      if (answers.size >= MAX_TOPICS) answers.clear();
      answers.set(topic, answer);
    }
    return answer;
  };
}
