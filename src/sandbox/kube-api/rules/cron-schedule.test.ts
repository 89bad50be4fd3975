import { expect, it } from "vitest";
import { scheduleFault } from "./cron-schedule.ts";

it.each([
  ...["* * * * *", "*/5 0-6/2 1,15 jan-MAR sun", "? 23 31 12 6", " 5/10  *  * * 1-5 ", "0 0 1 1 ,"],
  ...["@daily", "@every 1h30m", "@every -1.5s", "TZ=Europe/Berlin 0 0 * * *"],
])("takes %j", (schedule) => {
  expect(scheduleFault(schedule)).toBeUndefined();
});

it.each([
  ["* * * *", "expected exactly 5 fields, found 4: [* * * *]"],
  ["60 * * * *", "end of range (60) above maximum (59): 60"],
  ["* * 0 * *", "beginning of range (0) below minimum (1): 0"],
  ["5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"],
  ["*/0 * * * *", "step of range should be a positive number: */0"],
  ["1-2-3 * * * *", "too many hyphens: 1-2-3"],
  ["1/2/3 * * * *", "too many slashes: 1/2/3"],
  ["x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
  ["* * * * mond", 'failed to parse int from mond: strconv.Atoi: parsing "mond": invalid syntax'],
  ["*/-2 * * * *", "negative number (-2) not allowed: -2"],
  ["@often", "unrecognized descriptor: @often"],
  ["@every day", 'failed to parse duration @every day: time: invalid duration "day"'],
  ["@every 5", 'failed to parse duration @every 5: time: missing unit in duration "5"'],
])("refuses %j", (schedule, why) => {
  expect(scheduleFault(schedule)).toBe(why);
});
