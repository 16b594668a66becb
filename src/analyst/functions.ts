/**
 * What an analyst may call: functions that look at their arguments and at nothing else, and whose work grows with what
 * they are given. Whatever is not here is refused, so a new engine brings no new way out. Left out on purpose are those
 * that read files, dictionaries, settings, tables by name or the machine, that wait, that run code, that take the name
 * of a type, a format or a function as text, and states of aggregates, which would be read from an analyst's own bytes.
 */
const scalars = `
  abs acos asin atan atan2 cbrt ceil ceiling clamp cos degrees divide divideOrNull e exp exp10 exp2 factorial floor gcd
  greatest hypot ifNotFinite intDiv intDivOrNull intDivOrZero intExp10 intExp2 isFinite isInfinite isNaN lcm least ln log
  log10 log1p log2 max2 midpoint min2 minus mod modOrNull modulo moduloOrNull moduloOrZero multiply negate pi plus
  positiveModulo positive_modulo pow power radians round roundBankers roundDown roundToExp2 sigmoid sign sin sinh sqr sqrt
  tan tanh trunc truncate widthBucket width_bucket proportionsZTest

  and or not xor if multiIf caseWithExpression caseWithExpr caseWithoutExpr caseWithoutExpression coalesce ifNull nullIf
  isNull isNotNull isNullable isZeroOrNull assumeNotNull toNullable firstNonDefault
  equals notEquals less lessOrEquals greater greaterOrEquals isDistinctFrom isNotDistinctFrom like notLike ilike notILike
  in notIn globalIn globalNotIn

  bitAnd bitCount bitNot bitOr bitShiftLeft bitShiftRight bitTest bitXor

  now now64 today yesterday curdate current_date current_timestamp date_bin time_bucket
  addDate addDays addHours addInterval addMicroseconds addMilliseconds addMinutes addMonths addQuarters addSeconds addWeeks
  addYears age changeDay changeHour changeMinute changeMonth changeSecond changeYear
  dateDiff date_diff timestampDiff timestamp_diff dateName dateTrunc DATE_TRUNC DATE_FORMAT
  formatDateTime fromUnixTimestamp FROM_UNIXTIME makeDate makeDate32 makeDateTime makeDateTime64 monthName
  subDate subtractDays subtractHours subtractInterval subtractMicroseconds subtractMilliseconds subtractMinutes
  subtractMonths subtractQuarters subtractSeconds subtractWeeks subtractYears timeDiff timeSlot
  timezone timezoneOf timezoneOffset toTimezone fromUTCTimestamp toUTCTimestamp
  serverTimezone toDayOfMonth toDayOfWeek toDayOfYear toDaysInMonth toHour toISOWeek toISOYear
  toLastDayOfMonth toLastDayOfWeek toMicrosecond toMillisecond toMinute toMonday toMonth toMonthNumSinceEpoch toQuarter
  toRelativeDayNum toRelativeHourNum toRelativeMinuteNum toRelativeMonthNum toRelativeQuarterNum toRelativeSecondNum
  toRelativeWeekNum toRelativeYearNum toSecond toStartOfDay toStartOfFifteenMinutes toStartOfFiveMinutes
  toStartOfFiveMinute toStartOfHour toStartOfISOYear toStartOfInterval toStartOfMicrosecond toStartOfMillisecond
  toStartOfMinute toStartOfMonth toStartOfQuarter toStartOfSecond toStartOfTenMinutes toStartOfWeek toStartOfYear
  toUnixTimestamp toUnixTimestamp64Micro toUnixTimestamp64Milli toUnixTimestamp64Nano toUnixTimestamp64Second toWeek
  fromUnixTimestamp64Micro fromUnixTimestamp64Milli fromUnixTimestamp64Nano fromUnixTimestamp64Second toYYYYMM toYYYYMMDD
  toYYYYMMDDhhmmss toYear toYearNumSinceEpoch toYearWeek UUIDv7ToDateTime
  DAY DAYOFMONTH DAYOFWEEK DAYOFYEAR HOUR LAST_DAY MINUTE MONTH QUARTER SECOND WEEK YEAR YEARWEEK

  CAST _CAST DATE toBool toDate toDate32 toDate32OrNull toDate32OrZero toDateOrNull toDateOrZero toDateTime toDateTime32
  toDateTime64 toDateTime64OrNull toDateTime64OrZero toDateTimeOrNull toDateTimeOrZero toDecimal32 toDecimal64 toDecimal128
  toDecimal32OrNull toDecimal64OrNull toDecimal128OrNull toDecimalString toFixedString toFloat32 toFloat32OrNull
  toFloat32OrZero toFloat64 toFloat64OrNull toFloat64OrZero toInt8 toInt16 toInt32 toInt64 toInt128 toInt8OrNull
  toInt16OrNull toInt32OrNull toInt64OrNull toInt8OrZero toInt16OrZero toInt32OrZero toInt64OrZero
  toIntervalDay toIntervalHour toIntervalMicrosecond toIntervalMillisecond toIntervalMinute toIntervalMonth
  toIntervalNanosecond toIntervalQuarter toIntervalSecond toIntervalWeek toIntervalYear toLowCardinality toString
  toUInt8 toUInt16 toUInt32 toUInt64 toUInt128 toUInt8OrNull toUInt16OrNull toUInt32OrNull toUInt64OrNull toUInt8OrZero
  toUInt16OrZero toUInt32OrZero toUInt64OrZero toUUID toUUIDOrNull toUUIDOrZero toTypeName
  parseDateTime parseDateTimeOrNull parseDateTimeBestEffort parseDateTimeBestEffortOrNull parseDateTimeBestEffortOrZero
  parseDateTime64BestEffort parseDateTime64BestEffortOrNull parseDateTime64BestEffortOrZero
  reinterpretAsUInt64 reinterpretAsInt64 reinterpretAsUUID reinterpretAsString

  array arrayAll arrayAvg arrayCompact arrayConcat arrayCount arrayCumSum arrayCumSumNonNegative arrayDifference
  arrayDistinct arrayDotProduct arrayElement arrayElementOrNull arrayEnumerate arrayEnumerateUniq arrayExcept arrayExists
  arrayFill arrayFilter arrayFirst arrayFirstIndex arrayFirstOrNull arrayFlatten flatten arrayFold arrayIntersect arrayJoin
  arrayLast arrayLastIndex arrayLastOrNull arrayMap arrayMax arrayMin arrayPopBack arrayPopFront arrayProduct arrayPushBack
  arrayPushFront arrayResize arrayReverse arrayReverseFill arrayReverseSort arrayRotateLeft arrayRotateRight arrayShiftLeft
  arrayShiftRight arraySlice arraySort arraySplit arraySum arrayStringConcat arrayUniq arrayWithConstant arrayZip
  countEqual empty notEmpty has hasAll hasAny hasSubstr indexOf length range reverse unnest lambda
  emptyArrayString emptyArrayUInt8 emptyArrayUInt64 emptyArrayInt64 emptyArrayFloat64 emptyArrayDate emptyArrayDateTime
  tuple tupleElement tupleConcat tupleNames untuple
  map mapAdd mapContains mapContainsKey mapFilter mapFromArrays mapKeys mapSort mapSubtract mapUpdate mapValues

  ascii base64Decode base64Encode basename char CHAR_LENGTH CHARACTER_LENGTH concat concatWithSeparator concat_ws
  countMatches countSubstrings countSubstringsCaseInsensitive decodeHTMLComponent decodeURLComponent domain
  domainWithoutWWW encodeURLComponent endsWith extract extractAll extractAllGroups extractAllGroupsVertical extractGroups extractURLParameter
  extractURLParameters extractURLParameterNames firstSignificantSubdomain format formatReadableDecimalSize
  formatReadableQuantity formatReadableSize formatReadableTimeDelta hasToken hex initcap initcapUTF8 instr isValidUTF8
  lcase left leftPad leftPadUTF8 leftUTF8 lengthUTF8 locate lower lowerUTF8 lpad ltrim match mid normalizeUTF8NFC path
  position positionCaseInsensitive positionCaseInsensitiveUTF8 positionUTF8 queryString REGEXP_EXTRACT REGEXP_MATCHES
  REGEXP_REPLACE regexpExtract repeat replace replaceAll replaceOne replaceRegexpAll replaceRegexpOne reverseUTF8 right
  rightPad rightPadUTF8 rightUTF8 rpad rtrim space splitByChar splitByNonAlpha splitByRegexp splitByString
  splitByWhitespace startsWith substr substring substringIndex SUBSTRING_INDEX substringIndexUTF8 substringUTF8
  tokens toValidUTF8 topLevelDomain trim trimBoth trimLeft trimRight ucase unhex upper upperUTF8 alphaTokens bar
  JSONExtractArrayRaw JSONExtractBool JSONExtractFloat JSONExtractInt JSONExtractKeys JSONExtractRaw JSONExtractString
  JSONExtractUInt JSONHas JSONLength JSONType JSON_EXISTS JSON_VALUE isValidJSON toJSONString simpleJSONExtractBool
  simpleJSONExtractFloat simpleJSONExtractInt simpleJSONExtractString simpleJSONHas

  cityHash64 xxHash64 sipHash64 MD5 SHA1 SHA256 intHash32 intHash64 rand rand64 randCanonical randUniform randNormal
  generateUUIDv4 generateUUIDv7
  currentDatabase current_database DATABASE SCHEMA currentUser version revision grouping identity ignore materialize transform
  rowNumberInAllBlocks rowNumberInBlock exists
`;

/** These may also have a suffix: sumIf, avgOrNull, argMaxIf, … */
const aggregates = `
  any any_value anyHeavy anyLast anyLast_respect_nulls any_respect_nulls any_value_respect_nulls first_value last_value
  first_value_respect_nulls last_value_respect_nulls approx_top_k approx_top_count approx_top_sum argMax argMin max_by
  min_by avg avgWeighted boundingRatio corr corrStable count covarPop covarSamp COVAR_POP COVAR_SAMP deltaSum
  deltaSumTimestamp entropy exponentialMovingAverage exponentialTimeDecayedAvg groupArray array_agg groupArrayLast
  groupArrayMovingAvg groupArrayMovingSum groupArraySample groupArraySorted groupConcat group_concat string_agg
  groupUniqArray histogram intervalLengthSum kurtPop kurtSamp largestTriangleThreeBuckets lttb
  mannWhitneyUTest max maxIntersections maxIntersectionsPosition meanZTest min
  median medianExact medianExactHigh medianExactLow medianExactWeighted medianTDigest medianTDigestWeighted medianTiming
  quantile quantileExact quantileExactExclusive quantileExactHigh quantileExactInclusive quantileExactLow
  quantileExactWeighted quantileInterpolatedWeighted quantileTDigest quantileTDigestWeighted quantileTiming
  quantiles quantilesExact quantilesExactExclusive quantilesExactHigh quantilesExactInclusive quantilesExactLow
  quantilesExactWeighted quantilesTDigest quantilesTDigestWeighted quantilesTiming rankCorr retention sequenceCount
  sequenceMatch simpleLinearRegression singleValueOrNull skewPop skewSamp sparkbar STD STDDEV stddevPop
  STDDEV_POP stddevPopStable stddevSamp STDDEV_SAMP stddevSampStable studentTTest sum sumCount sumKahan sumWithOverflow
  topK topKWeighted uniq uniqCombined uniqCombined64 uniqExact uniqHLL12 uniqUpTo VAR_POP VAR_SAMP varPop varPopStable
  varSamp varSampStable welchTTest windowFunnel

  cume_dist dense_rank denseRank lag lagInFrame lead leadInFrame nth_value ntile percent_rank percentRank rank row_number
  nonNegativeDerivative
`;

const suffixes = ['If', 'Array', 'Distinct', 'OrNull', 'OrDefault', 'ForEach', 'Map', 'ArgMin', 'ArgMax'];

/** Every name that may be called, for the test that holds them against the engine's own list. */
export const allowedFunctions: readonly string[] = [...namesOf(scalars), ...namesOf(aggregates)];

const plain = new Set(allowedFunctions.map((name) => name.toLowerCase()));
const combinable = new Set(namesOf(aggregates).map((name) => name.toLowerCase()));

/** True for a function that an analyst may call, in whatever case; whether that case is right the engine knows. */
export function isAllowedFunction(name: string): boolean {
  if (plain.has(name.toLowerCase())) return true;
  let base = name;
  for (let depth = 0; depth < 3; depth += 1) {
    const suffix = suffixes.find((one) => base.length > one.length && base.endsWith(one));
    if (!suffix) return false;
    base = base.slice(0, -suffix.length);
    if (combinable.has(base.toLowerCase())) return true;
  }
  return false;
}

/** Those that read a table where an argument is a name. */
export const membership: ReadonlySet<string> = new Set(['in', 'notin', 'globalin', 'globalnotin']);

/** Those that make a table, of whole numbers alone. */
export const tableFunctions: ReadonlySet<string> = new Set(['numbers', 'generate_series', 'generateseries']);
export const tableRowsMost = 10_000_000;

/** Types of values and parameters: none that is read from bytes, and none that names a type of its own. */
const types = new Set(
  `Bool String UUID Date Date32 DateTime DateTime32 DateTime64 Time Int8 Int16 Int32 Int64 Int128 Int256 UInt8 UInt16 UInt32
   UInt64 UInt128 UInt256 Float32 Float64 Decimal Decimal32 Decimal64 Decimal128 FixedString Array Tuple Map Nullable
   LowCardinality IPv4 IPv6 Int Integer BigInt SmallInt TinyInt Varchar Text Char Float Double Timestamp Boolean
   IntervalSecond IntervalMinute IntervalHour IntervalDay IntervalWeek IntervalMonth IntervalQuarter IntervalYear`
    .split(/\s+/)
    .map((name) => name.toLowerCase()),
);

/** True for a type that is written with the names above, numbers and simple quoted words (of a zone) alone. */
export function isAllowedType(type: string): boolean {
  if (type.length > 300) return false;
  const bare = type.replace(/'[A-Za-z0-9_+/-]*'/g, '');
  // A FixedString of millions is written out in the tree.
  if (/\d{5}/.test(bare)) return false;
  return /^[A-Za-z0-9_ ,()]+$/.test(bare) && (bare.match(/[A-Za-z_]\w*/g) ?? []).every(isTypeOrField(bare));
}

/** A field's name in a tuple stands before its type, with a space between them. */
function isTypeOrField(type: string): (name: string) => boolean {
  return (name) => types.has(name.toLowerCase()) || new RegExp(`[(,]\\s*${name} [A-Za-z]`).test(type);
}

function namesOf(list: string): string[] {
  return list.split(/\s+/).filter(Boolean);
}

/**
 * Searches, and which of their arguments is what they look for. Their work is the length of the one text times that of
 * the other, and once begun nothing stops it: two long texts would burn a core for minutes.
 */
export const needles: ReadonlyMap<string, number> = new Map([
  ['position', 1],
  ['positioncaseinsensitive', 1],
  ['positioncaseinsensitiveutf8', 1],
  ['positionutf8', 1],
  ['instr', 1],
  ['locate', 0],
  ['countsubstrings', 1],
  ['countsubstringscaseinsensitive', 1],
  ['replace', 1],
  ['replaceall', 1],
  ['replaceone', 1],
  ['splitbystring', 0],
  ['substringindex', 1],
  ['substring_index', 1],
  ['substringindexutf8', 1],
]);
export const needleMost = 1_000;
