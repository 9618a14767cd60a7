-- The schema of the peers: the same facts that a Homeroom class, seat, event and idempotency record hold.
CREATE TABLE courses (
    id bigint PRIMARY KEY,
    code text NOT NULL UNIQUE,
    title text NOT NULL,
    description text,
    units text
);

CREATE TABLE classes (
    id bigint PRIMARY KEY,
    course_id bigint NOT NULL REFERENCES courses (id),
    external_id text NOT NULL UNIQUE,
    section text NOT NULL,
    title text NOT NULL,
    description text,
    instructors jsonb NOT NULL,
    location text,
    timezone text NOT NULL,
    status text NOT NULL,
    capacity integer,
    seats_taken integer NOT NULL DEFAULT 0,
    waitlist_length integer NOT NULL DEFAULT 0,
    drop_until timestamptz,
    withdraw_until timestamptz,
    last_seq bigint NOT NULL DEFAULT 0,
    version integer NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (seats_taken >= 0)
);

CREATE TABLE students (
    id bigint PRIMARY KEY,
    external_id text NOT NULL UNIQUE,
    given_name text NOT NULL,
    family_name text NOT NULL
);

CREATE TABLE tokens (
    digest bytea PRIMARY KEY,
    student_id bigint NOT NULL REFERENCES students (id),
    expires_at timestamptz NOT NULL
);

CREATE TABLE registrations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    class_id bigint NOT NULL REFERENCES classes (id),
    student_id bigint NOT NULL REFERENCES students (id),
    state text NOT NULL,
    ticket integer NOT NULL,
    decided_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (class_id, student_id)
);

CREATE INDEX registrations_of_student ON registrations (student_id);

-- One hour of every week; a student may not sit in two classes at once.
CREATE TABLE meetings (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    class_id bigint NOT NULL REFERENCES classes (id),
    weekday smallint NOT NULL,
    starts_at time NOT NULL,
    ends_at time NOT NULL CHECK (ends_at > starts_at)
);
CREATE INDEX meetings_of_class ON meetings (class_id);

CREATE TABLE events (
    class_id bigint NOT NULL REFERENCES classes (id),
    seq bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    type text NOT NULL,
    actor_id bigint NOT NULL,
    data jsonb NOT NULL,
    PRIMARY KEY (class_id, seq)
);

CREATE TABLE idempotency_records (
    student_id bigint NOT NULL REFERENCES students (id),
    key text NOT NULL,
    fingerprint text NOT NULL,
    status integer NOT NULL,
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (student_id, key)
);
